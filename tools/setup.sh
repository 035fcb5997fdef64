#!/bin/sh
# Sets up the virtual environment in .venv: `tools/setup.sh runtime` or `tools/setup.sh test` (which also gets a browser).
# Safe to call again: what is already there, in the locked versions, is left alone.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-runtime}
say() { printf '%s\n' "$*" >&2; }

fits() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else return 1; fi; }

install_debian() { # install_debian WHY PACKAGE...
    why=$1; shift
    if ! command -v apt-get >/dev/null 2>&1; then
        say "tocsin: $why, and this is not Debian: install the equivalent of $* by hand, then try again."; exit 1
    fi
    say "    installing $* ($why)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || {
        say "tocsin: $why. As root: apt-get install $*"; exit 1; }
}

find_python() {
    # pyenv's own folders last: its shims obey .python-version and hide the other versions it has.
    for candidate in ${PYTHON:-} python python3.13 python3.12 python3.14 python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python; do
        if fits "$candidate"; then command -v "$candidate"; return; fi
    done
    # No Python is recent enough: `uv`, where it is, may fetch one.
    if command -v uv >/dev/null 2>&1; then
        say "    no Python 3.12 or later on this machine: asking uv for 3.13"
        if uv python install --quiet 3.13 >&2; then uv python find 3.13; return; fi
    fi
    say "tocsin: Python 3.12 or later is needed and none was found (looked for python3.13, python3.12, python3.14, python3)."
    say "        Install one (Debian 13: apt-get install python3 python3-venv; elsewhere: pyenv install 3.13 or uv python install 3.13),"
    say "        or name it: make PYTHON=/path/to/python3.13 setup"
    exit 1
}

stamp() { cat "requirements/$1.lock" pyproject.toml tools/setup.sh | sha256sum | cut -d' ' -f1; }
is_done() { [ -x .venv/bin/tocsin ] && [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$(stamp "$1")" ]; }

if ! is_done "$kind" && ! { [ "$kind" = runtime ] && is_done test; }; then
    if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
        python=$(find_python)
        say "1/3 Making a virtual environment with $("$python" --version)"
        "$python" -c 'import ensurepip' 2>/dev/null || install_debian "this Python cannot make virtual environments" python3-venv
        "$python" -m venv .venv
    fi
    say "2/3 Installing the locked dependencies ($kind): $(grep -c '==' "requirements/$kind.lock") packages, each checked against its hash"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "requirements/$kind.lock"
    say "3/3 Installing Tocsin itself"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
    stamp "$kind" > ".venv/stamp-$kind"
    say "Ready: .venv/bin/tocsin"
fi
.venv/bin/python tools/build_messages.py src >/dev/null

install_server() { # install_server PACKAGE WHY UNIT: the tests start it themselves, on ports and in folders of their own
    hush=/usr/sbin/policy-rc.d
    [ -e "$hush" ] || { as_root sh -c "printf '#!/bin/sh\\nexit 101\\n' >$hush && chmod 755 $hush" && hushed=yes; }
    install_debian "$2" "$1"
    if [ "${hushed:-}" = yes ]; then as_root rm -f "$hush"; hushed=; fi
    # What was not there before must not begin to listen on this machine, now or after its next start.
    if command -v systemctl >/dev/null 2>&1; then as_root systemctl disable --quiet "$3" >/dev/null 2>&1 || true; fi
}
if [ "$kind" = test ]; then
    # Real servers for what is published, served and sent; sbin is not on everybody's path.
    for each in nginx:nginx:nginx wrk:wrk:- sshd:openssh-server:ssh rsync:rsync:rsync postfix:postfix:postfix bearerbox:kannel:kannel; do
        program=${each%%:*}; rest=${each#*:}
        if ! PATH="$PATH:/usr/sbin" command -v "$program" >/dev/null 2>&1; then
            install_server "${rest%%:*}" "tests need a real $program" "${rest##*:}"
        fi
    done
    if command -v apt-get >/dev/null 2>&1; then
        [ -e /usr/lib/nginx/modules/ngx_http_brotli_static_module.so ] ||
            install_server libnginx-mod-http-brotli-static "nginx shows brotli only with its module" nginx
        [ -e /usr/lib/kannel/test/fakesmsc ] || install_server kannel-extras "tests of text messages need Kannel's fake provider" kannel
    fi
fi
if [ "$kind" = test ] && ! command -v chromium >/dev/null 2>&1; then
    install_debian "the browser tests need Chromium" chromium fonts-dejavu-core
fi

# Other people's tools that look at what Tocsin publishes: from npm, and one of them runs on Java.
npm_stamp() { cat tests/outside/package-lock.json tests/outside/.npmrc | sha256sum | cut -d' ' -f1; }
if [ "$kind" = test ]; then
    command -v java >/dev/null 2>&1 || install_debian "the HTML checker needs Java" default-jre-headless
    command -v npm >/dev/null 2>&1 || install_debian "the checks with other people's tools need Node.js and npm" nodejs npm
    if [ "$(cat tests/outside/node_modules/.stamp 2>/dev/null)" != "$(npm_stamp)" ]; then
        say "    installing the npm tools of tests/outside, each checked against its hash"
        (cd tests/outside && npm ci --no-audit --no-fund --loglevel=error >/dev/null) || {
            say "tocsin: npm could not install the tools of tests/outside (in that folder: npm ci says more)."; exit 1; }
        npm_stamp > tests/outside/node_modules/.stamp
    fi
fi
