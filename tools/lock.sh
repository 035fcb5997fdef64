#!/bin/sh
# Renews requirements/*.lock from pyproject.toml: exact versions with hashes for every platform, no registry address.
set -eu
cd "$(dirname "$0")/.."
lock() {
    name=$1; shift
    uv pip compile pyproject.toml --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
        --no-header --extra demo "$@" --output-file "requirements/$name.lock"
}
lock runtime --group build
lock test --group test
