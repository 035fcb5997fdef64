"""Serving files from a folder: the published pages and the console's own assets.

Enough for the embedded default, so that nothing else is needed in front: a strong ETag, gzip siblings written
beforehand, short caching, and nothing outside the folder, whatever the path says.
"""

import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

TEXT_TYPES = frozenset({"text/html", "text/css", "text/plain", "text/javascript", "text/calendar", "image/svg+xml"})
OTHER_TYPES = {".atom": "application/atom+xml", ".webmanifest": "application/manifest+json", ".ics": "text/calendar"}


def respond(request: HttpRequest, file: Path, *, cache_control: str) -> HttpResponseBase:
    """Answer with the file, or with "not modified" when the asker has it as it is."""
    zipped = file.with_name(f"{file.name}.gz")
    is_zipped = "gzip" in request.headers.get("Accept-Encoding", "") and zipped.is_file()
    response = _answer(request, zipped if is_zipped else file)
    response.headers["Cache-Control"] = cache_control
    patch_vary_headers(response, ("Accept-Encoding",))
    if response.status_code == HttpResponse.status_code:
        response.headers["Content-Type"] = content_type(file)
        if is_zipped:
            response.headers["Content-Encoding"] = "gzip"
    return response


def within(folder: Path, path: str) -> Path | None:
    """Return the file that the path names within the folder; None when there is none, or it lies outside."""
    if "\x00" in path:
        return None
    root = folder.resolve()
    file = (root / path.lstrip("/")).resolve()
    if file.is_dir():
        file /= "index.html"
    return file if file.is_relative_to(root) and file.is_file() else None


def content_type(file: Path) -> str:
    """Return the media type of the file, with its character set where it is a text."""
    known = OTHER_TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{known}; charset=utf-8" if known in TEXT_TYPES else known


def _answer(request: HttpRequest, file: Path) -> HttpResponseBase:
    status = file.stat()
    etag = _etag(file, status.st_mtime_ns, status.st_size)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponseBase = HttpResponseNotModified()
    else:
        response = HttpResponse(file.read_bytes())
    response.headers["ETag"] = etag
    return response


@lru_cache(maxsize=4096)
def _etag(file: Path, _modified_ns: int, _size: int) -> str:
    # By content, so that a page that was written anew with the same words costs its readers nothing.
    return f'"{hashlib.sha256(file.read_bytes()).hexdigest()[:32]}"'
