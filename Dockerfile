# One image for all of our own processes; the command says which one: `ventas run NAME`.
FROM python:3.12-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUTF8=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    HOME=/var/lib/ventas \
    VENTAS_HOME=/var/lib/ventas

# A volume takes its owner from the folder in the image that it is mounted on, so both are made here.
RUN groupadd --gid 10001 ventas \
    && useradd --uid 10001 --gid ventas --no-create-home --home-dir /var/lib/ventas --shell /usr/sbin/nologin ventas \
    && install --directory --owner ventas --group ventas --mode 700 /var/lib/ventas /var/lib/ventas/tokens

WORKDIR /app

# The lock changes seldom: what it names is installed before the code is copied.
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock

COPY . ./
RUN pip install --no-build-isolation --no-deps --editable .

USER 10001:10001
CMD ["ventas", "--help"]
