# One image for all of our own processes; the command says which one: `ventas run NAME`.
ARG BASE=debian:12.12-slim

# Python's packages and our own, in a folder of their own; what builds them stays behind.
FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3=3.11.* python3-venv=3.11.* \
    && rm -rf /var/lib/apt/lists/*
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/ventas
# The lock changes seldom: what it names is installed before the code is copied.
COPY requirements.lock /src/
RUN /opt/ventas/bin/pip install --no-compile --require-hashes --requirement /src/requirements.lock
COPY . /src
RUN /opt/ventas/bin/pip install --no-compile --no-build-isolation --no-deps /src \
    && /opt/ventas/bin/pip uninstall --yes pip \
    && find /opt/ventas/lib -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +

FROM ${BASE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3=3.11.* ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    # A volume takes its owner from the folder in the image that it is mounted on, so both are made here.
    && groupadd --gid 10001 ventas \
    && useradd --uid 10001 --gid ventas --no-create-home --home-dir /var/lib/ventas --shell /usr/sbin/nologin ventas \
    && install --directory --owner ventas --group ventas --mode 700 /var/lib/ventas /var/lib/ventas/tokens
COPY --from=build /opt/ventas /opt/ventas
WORKDIR /app
COPY deploy ./deploy
ENV PATH=/opt/ventas/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUTF8=1 \
    HOME=/var/lib/ventas \
    VENTAS_HOME=/var/lib/ventas
USER 10001:10001
CMD ["ventas", "--help"]
