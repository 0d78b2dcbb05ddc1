#!/bin/sh
# Builds the first of some versions of MinIO's module that the module proxy gives out.
# Usage: sh build-minio.sh FOLDER VERSION...
# Only a refusal leads on to the next version; a mismatch, no network or a full disk end the build.
set -eu
folder=$1
shift
module=github.com/minio/minio
output=$(mktemp)
refused='40[0-9] [A-Za-z]|41[0-9] [A-Za-z]|451 |module version is not available|unknown revision|no matching versions|invalid version'
stopping='SECURITY ERROR|checksum mismatch|no space left on device|disk quota exceeded'

for version in "$@"; do
    echo "building $module@$version"
    if GOBIN=$folder CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "$module@$version" 2>"$output"; then
        # A binary built so calls itself DEVELOPMENT; what it was made of is in its build information.
        go version -m "$folder/minio" | grep -qE "mod[[:space:]]+$module[[:space:]]+$version([[:space:]]|\$)" || {
            echo "the binary does not say that it is $module@$version" >&2
            exit 1
        }
        echo "built $version"
        exit 0
    fi
    cat "$output" >&2
    if grep -qE "$stopping" "$output" || ! grep -qE "$refused" "$output"; then
        exit 1
    fi
    echo "$version was refused" >&2
done
echo "no version of MinIO was to be had" >&2
exit 1
