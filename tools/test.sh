#!/bin/sh
# Everything that must hold, in order of how fast it says no; prints what each part took.
set -eu
cd "$(dirname "$0")/.."
part() {
    name=$1; shift
    printf '\n== %s\n' "$name"
    began=$(date +%s)
    "$@"
    printf '== %s took %s s\n' "$name" "$(( $(date +%s) - began ))"
}
bin=.venv/bin
part "lint" sh -c "$bin/ruff format --check . && $bin/ruff check ."
part "types" $bin/mypy
part "import contracts" $bin/lint-imports --no-cache
part "unit and service tests" $bin/pytest -q -n 2 tests/rules tests/services tests/contracts
part "API and web tests" $bin/pytest -q -n 2 tests/api tests/web
part "acceptance tests" $bin/pytest -q -n 2 tests/acceptance
part "browser tests" $bin/pytest -q tests/browser
part "other people's tools" $bin/pytest -q tests/outside
part "documentation tests" $bin/pytest -q tests/docs
