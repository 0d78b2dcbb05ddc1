#!/bin/sh
# Finds a Python that truly runs (a pyenv shim may exist and still fail) and lets it make or refresh .venv.
# Usage: sh scripts/bootstrap.sh run|dev
# 3.12 and 3.11 come first: the bundled Redis has wheels for them.
set -eu
cd "$(dirname "$0")/.."

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

for candidate in ${PYTHON:-python3.12 python3.11 python3.13 python3 python}; do
    if suits "$candidate"; then
        exec "$candidate" scripts/bootstrap.py "$@"
    fi
done

if command -v apt-get >/dev/null 2>&1; then
    help="sudo apt-get install python3.12 python3.12-venv (or python3.11, as your release has it)"
elif command -v dnf >/dev/null 2>&1; then
    help="sudo dnf install python3.12"
elif command -v brew >/dev/null 2>&1; then
    help="brew install python@3.12"
else
    help="install it from your system's packages, or name one: make PYTHON=/path/to/python3.12 up"
fi
echo "No working Python 3.11, 3.12 or 3.13 was found. Run: $help" >&2
exit 1
