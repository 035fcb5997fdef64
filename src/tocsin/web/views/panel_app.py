"""A panel member's page as an app on a telephone: what a browser needs to keep it at hand without a network.

Taps come here in one request when there is a network again, each with a key of its own and the telephone's own stamps.
The personal link in the address is all that lets one in: no cookie is read, so nobody else's page can make one speak.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tocsin.accounts.models import PanelMember
from tocsin.kernel.errors import TocsinError
from tocsin.observations.errors import NothingUsableError
from tocsin.observations.panel import Tap, line_pseudonym, take_tap
from tocsin.observations.rules.tapping import tapped_by_our_clock
from tocsin.web import panel, present, times
from tocsin.web.senders import sender_of
from tocsin.web.views.panel import TEXT_LENGTH, for_member

MOST_TAPS: Final = 50
LARGEST_BODY: Final = 200_000
_LATEST_MS: Final = 8_000_000_000_000
"""Some time in the year 2223: what a telephone's clock may say at most and still be a moment."""


@require_safe
@never_cache
def told(request: HttpRequest, token: str) -> HttpResponse:
    """Show what became of what the member said; the page fetches it anew when something was sent."""
    return for_member(
        request,
        token,
        lambda member: render(request, "web/_panel_told.html", {"stories": panel.stories(member, now=present.now())}),
    )


@csrf_exempt
@require_POST
@never_cache
def send(request: HttpRequest, token: str) -> HttpResponse:
    """Take what was tapped, now or while there was no network; say of each tap what became of it."""
    return for_member(request, token, lambda member: _send(request, member))


def _send(request: HttpRequest, member: PanelMember) -> HttpResponse:
    if len(request.body) > LARGEST_BODY:
        return JsonResponse({"code": "panel.too_large"}, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        given = json.loads(request.body)
        sent_at = _moment(given["sent_at"])
        taps = [_tap(one, sent_at=sent_at) for one in given["taps"][:MOST_TAPS]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return JsonResponse({"code": "panel.unreadable"}, status=HTTPStatus.BAD_REQUEST)
    line = line_pseudonym(sender_of(request), now=present.now())
    return JsonResponse({"taps": [_answer(member, replace(tap, sender=line)) for tap in taps]})


def _tap(given: Mapping[str, Any], *, sent_at: datetime) -> Tap:
    function, key, text, works = (given[name] for name in ("function", "key", "text", "works"))
    if not (isinstance(works, bool) and all(isinstance(one, str) for one in (function, key, text))):
        raise TypeError
    at = tapped_by_our_clock(
        tapped_at=_moment(given["tapped_at"]), sent_at=sent_at, now=present.now(), speed=present.speed()
    )
    return Tap(function[:60], works, at, text.strip()[:TEXT_LENGTH], key[:60])


def _moment(given: object) -> datetime:
    """Return the moment that a telephone's stamp says; raises `ValueError` where it is none."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise TypeError
    if not 0 <= given <= _LATEST_MS:
        raise ValueError(given)
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=given)


def _answer(member: PanelMember, tap: Tap) -> dict[str, object]:
    known = present.pack().functions.get(tap.function)
    if known is None or member.audience not in known.audiences:
        return _refused(tap, "unknown_function")
    try:
        receipt = take_tap(member, tap, now=present.now())
    except NothingUsableError as error:
        return _refused(tap, error.code.removeprefix("intake."))
    except TocsinError as error:
        return _refused(tap, error.code)
    noted = times.clock_time(min(tap.at, present.now()))
    return {"key": tap.key, "status": "repeated" if receipt.is_repeated else "accepted", "noted": noted}


def _refused(tap: Tap, code: str) -> dict[str, object]:
    sentences = {
        "too_old": gettext("This waited for more than a day, so we left it out."),
        "too_new": gettext("Your device’s clock was changed meanwhile. Please tap again."),
    }
    words = sentences.get(code, gettext("We could not take that in. Please tap again."))
    return {"key": tap.key, "status": "refused", "code": code, "words": words}


@require_safe
@never_cache
def manifest(request: HttpRequest, token: str) -> HttpResponse:
    """Describe the page as an app: its name, its icons, and that it begins at this member's own page."""
    return for_member(request, token, lambda member: _manifest(token, member))


def _manifest(token: str, member: PanelMember) -> HttpResponse:
    start = reverse("panel", args=[token])
    icons = [
        {"src": static(f"web/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for size in (192, 512)
        for purpose in ("any", "maskable")
    ]
    content = {
        "id": start,
        "name": gettext("Tocsin: does it work for you?"),
        "short_name": "Tocsin",
        "lang": member.language,
        "start_url": start,
        "scope": "/panel/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#1b1d20",
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the page's worker from where it may see the pages; a worker sees only what lies below its own address."""
    del request
    response = HttpResponse(Path(str(finders.find("web/panel-worker.js"))).read_bytes(), content_type="text/javascript")
    response["Cache-Control"] = "no-cache"
    return response
