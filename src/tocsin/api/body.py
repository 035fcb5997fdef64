"""Reads request bodies within bounds, compressed or not, and lets no decompression bomb through."""

import json
import zlib
from typing import Any, Final

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from ninja.parser import Parser

from tocsin.kernel.errors import InputError

MAX_SENT: Final = 16 * 1024 * 1024
"""A body as it is sent; a collector's default batch is far below it."""

MAX_UNPACKED: Final = 64 * 1024 * 1024
"""A body once decompressed."""

_GZIP: Final = 31


class TooLargeError(InputError):
    """The body, or what it decompresses to, is larger than anything sensible (HTTP 413)."""

    http_status = 413

    def __init__(self, what: str, limit: int) -> None:
        """Build the error; `what` is the body as sent or as decompressed."""
        super().__init__(
            "body.too_large",
            f"{what} is larger than {limit // 1024 // 1024} MiB.",
            hint="Send smaller batches.",
            limit_bytes=limit,
        )


class UnsupportedError(InputError):
    """A content type or encoding that this address does not take (HTTP 415)."""

    http_status = 415


def content_type(request: HttpRequest, *, allowed: tuple[str, ...]) -> str:
    """Return the request's media type, one of `allowed`; raises `UnsupportedError`."""
    given = (request.content_type or "").lower()
    if given not in allowed:
        raise UnsupportedError(
            "body.content_type",
            f"The content type {given or '(none)'!r} is not taken here.",
            hint=f"Send {' or '.join(allowed)}.",
        )
    return given


def read_body(request: HttpRequest) -> bytes:
    """Return the body, decompressed; raises `InputError` when it is too large or its compression is broken."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_SENT:
        raise TooLargeError("The body", MAX_SENT)
    sent = _sent(request)
    if len(sent) > MAX_SENT:
        raise TooLargeError("The body", MAX_SENT)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        return _unpacked(sent)
    if encoding not in {"identity", ""}:
        raise UnsupportedError(
            "body.content_encoding", f"The encoding {encoding!r} is not taken here.", hint="Send gzip or nothing."
        )
    return sent


def _sent(request: HttpRequest) -> bytes:
    if isinstance(request, WSGIRequest) and "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        # Django takes a body without a length for none; taking nothing and calling it a success would lose it.
        chunked: bytes = request.environ["wsgi.input"].read(MAX_SENT + 1)
        return chunked
    return request.read(MAX_SENT + 1)


def _unpacked(sent: bytes) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = sent
    try:
        while rest:
            unpacker = zlib.decompressobj(_GZIP)
            part = unpacker.decompress(rest, MAX_UNPACKED + 1 - size)
            size += len(part)
            if size > MAX_UNPACKED:
                raise TooLargeError("The decompressed body", MAX_UNPACKED)
            if not unpacker.eof:
                raise InputError("body.truncated", "The gzip stream ends before its end.", hint="Send the whole of it.")
            parts.append(part)
            rest = unpacker.unused_data
    except zlib.error as error:
        raise InputError("body.bad_gzip", f"The body is not gzip ({error}).", hint="Check Content-Encoding.") from error
    return b"".join(parts)


class BoundedParser(Parser):
    """Hands ninja the JSON of a body read within bounds."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the parsed body; raises `InputError` saying where it is no JSON."""
        content_type(request, allowed=("application/json",))
        try:
            return json.loads(read_body(request))
        except (ValueError, RecursionError) as error:
            raise InputError("body.bad_json", f"The body is not JSON ({str(error)[:160]}).") from error
