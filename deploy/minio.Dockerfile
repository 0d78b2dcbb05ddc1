# MinIO, built from its pinned source: upstream ships no image any more. Another image that speaks the same settings
# can be taken instead: MINIO_IMAGE names it, MINIO_PROGRAM the path of the server in it.
ARG MINIO_IMAGE=build

# 1.24 is the tool chain that upstream's go.mod names.
FROM golang:1.24-bookworm AS build
# The documented release, then upstream's last published commit; the same order as in ventas/launcher/minio.py.
ARG MINIO_VERSIONS="v0.0.0-20251015172955-9e49d5e7a648 v0.0.0-20260212201848-7aac2a2c5b7c"
COPY deploy/build-minio.sh /build-minio.sh
RUN sh /build-minio.sh /usr/bin $MINIO_VERSIONS

FROM ${MINIO_IMAGE} AS chosen

FROM alpine:3.22
ARG MINIO_PROGRAM=/usr/bin/minio
COPY --from=chosen ${MINIO_PROGRAM} /usr/bin/minio
RUN addgroup -g 10001 ventas \
    && adduser -u 10001 -G ventas -H -D ventas \
    && install -d -o ventas -g ventas -m 700 /data /events
USER 10001:10001
ENTRYPOINT ["/usr/bin/minio"]
CMD ["server", "/data"]
