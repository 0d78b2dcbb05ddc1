# MinIO, built from its pinned source: upstream ships no image any more. Another image that speaks the same settings
# can be taken instead: MINIO_IMAGE names it, MINIO_PROGRAM the path of the server in it.
ARG MINIO_IMAGE=build
ARG BASE=debian:12.12-slim

# 1.24 is the tool chain that upstream's go.mod names.
FROM golang:1.24-bookworm AS build
# The documented release, then upstream's last published commit; the same order as in ventas/launcher/minio.py.
ARG MINIO_VERSIONS="v0.0.0-20251015172955-9e49d5e7a648 v0.0.0-20260212201848-7aac2a2c5b7c"
COPY deploy/build-minio.sh /build-minio.sh
RUN sh /build-minio.sh /usr/bin $MINIO_VERSIONS

# A stage that the last one can name: COPY takes no variable.
FROM ${MINIO_IMAGE} AS chosen

FROM ${BASE}
ARG MINIO_PROGRAM=/usr/bin/minio
# busybox brings the wget of the health check.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends busybox=1:1.35.* ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 ventas \
    && useradd --uid 10001 --gid ventas --no-create-home --home-dir /data --shell /usr/sbin/nologin ventas \
    && install --directory --owner ventas --group ventas --mode 700 /data /events
COPY --from=chosen ${MINIO_PROGRAM} /usr/bin/minio
USER 10001:10001
ENTRYPOINT ["/usr/bin/minio"]
CMD ["server", "/data"]
