"""Serves the published pages and the console's assets before sessions, log-ins and languages come into play.

The pages' own process answers for them; this is for whoever reaches the application directly.

So a page is the same bytes for every reader, with nothing that keeps a cache from sharing it, and costs no database.
"""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponsePermanentRedirect

from tocsin.plugins.targets.media import CACHE
from tocsin.runtime.files import respond, within
from tocsin.runtime.site_headers import headers_for

SITE = "/site/"
STATIC_CACHE = "public, max-age=3600"


class PublishedFiles:
    """Answers GET and HEAD below `/site/` and `/static/`; what is not there goes on to the ordinary 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Stand before `get_response`."""
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the file the path names, or pass the request on."""
        answer = _file_answer(request) if request.method in {"GET", "HEAD"} else None
        return self._next(request) if answer is None else answer


def _file_answer(request: HttpRequest) -> HttpResponseBase | None:
    if request.path.startswith(SITE):
        return _page(request, request.path.removeprefix(SITE))
    if request.path.startswith(settings.STATIC_URL):
        return _asset(request, request.path.removeprefix(settings.STATIC_URL))
    return None


def _page(request: HttpRequest, path: str) -> HttpResponseBase | None:
    file = within(settings.CONFIGURATION.site_folder, path)
    if file is None:
        return None
    if file.name == "index.html" and path and not path.endswith(("/", "index.html")):
        return HttpResponsePermanentRedirect(f"{request.path}/")
    response = respond(request, file, cache_control=CACHE)
    said = headers_for(f"{path}index.html" if path.endswith("/") or not path else path)
    for name, value in said.items():
        response.headers[name] = value
    return response


def _asset(request: HttpRequest, path: str) -> HttpResponseBase | None:
    try:
        found = finders.find(path)
    except SuspiciousFileOperation:
        # A path that climbs out of the assets names nothing that is there; it deserves no traceback in the log.
        return None
    if not isinstance(found, str) or not Path(found).is_file():
        return None
    return respond(request, Path(found), cache_control=STATIC_CACHE)
