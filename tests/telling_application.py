"""A WSGI application that says what reached it: from where, what was asked, and how long the body was."""

from collections.abc import Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    length = 0
    while part := environ["wsgi.input"].read(65536):
        length += len(part)
    start_response("200 OK", [("Content-Type", "text/plain")])
    peer = environ["REMOTE_ADDR"].rpartition("/")[2].partition("~")[0]
    return [f"{peer} {environ['REQUEST_METHOD']} {environ['PATH_INFO']} {length}\n".encode()]
