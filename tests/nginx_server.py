"""A real nginx of our own, for tests and benches: on a free port, with `deploy/nginx.conf` as it is shipped."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from listening import await_listening, free_port

SHIPPED = Path(__file__).resolve().parents[1] / "deploy" / "nginx.conf"
BROTLI = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
FRAME = """\
{modules}
worker_processes 1;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
daemon off;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {server}
}}
"""


def program() -> str | None:
    """Return where nginx is, None when it is not installed."""
    return shutil.which("nginx") or next((path for path in ("/usr/sbin/nginx",) if Path(path).exists()), None)


def configuration(folder: Path, *, root: Path, port: int) -> str:
    """Return the shipped configuration, with another port and root, in the frame that a whole nginx needs."""
    server = re.sub(r"^    listen 80;", f"    listen 127.0.0.1:{port};", SHIPPED.read_text(), flags=re.MULTILINE)
    server = re.sub(r"^    root .*;", f"    root {root};", server, flags=re.MULTILINE)
    modules = f"load_module {BROTLI};" if BROTLI.exists() else ""
    if not modules:
        server = server.replace("    brotli_static on;\n", "")
    is_root = Path("/proc/self").owner() == "root"
    return FRAME.format(modules=modules, folder=folder, server=server, user="user root;" if is_root else "")


@contextmanager
def nginx_server(folder: Path, *, root: Path, prefix: Sequence[str] = ()) -> Iterator[tuple[int, int]]:
    """Run one while the block runs, showing `root`; yields its port and process number."""
    found = program()
    assert found is not None, "nginx is not installed: apt-get install nginx (tools/setup.sh test does)"
    port = free_port()
    (folder / "nginx.conf").write_text(configuration(folder, root=root, port=port))
    process = subprocess.Popen([*prefix, found, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        await_listening(port, process, name="nginx")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)
