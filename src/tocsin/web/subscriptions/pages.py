"""What the pages for subscribing share: the language, what stands on each of them, what a subscription holds."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from tocsin.notifications.models import Subscriber
from tocsin.notifications.queries import as_language, link, subscription_of, wish_from_json
from tocsin.notifications.rules.model import Subscription
from tocsin.web import present

type View = Callable[..., HttpResponse]

GONE = 410
TOO_MANY_REQUESTS = 429


def in_language_asked(view: View) -> View:
    """Let `?language=` decide the page's language; without it the browser's does."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        asked = request.GET.get("language")
        with translation.override(as_language(asked) if asked else translation.get_language()):
            return view(request, *args, **kwargs)

    return wrapped


def language_of(row: Subscriber | None) -> str:
    """Return the language in which somebody wants to be written to; the browser's where there is nobody."""
    if row is None:
        return as_language(translation.get_language()[:2])
    return as_language(row.language if row.pending is None else row.pending["language"])


def wish_of(row: Subscriber) -> Subscription:
    """Return what somebody asked for last, confirmed or not."""
    return subscription_of(row) if row.pending is None else wish_from_json(row.audience, row.pending)


def standing_of(row: Subscriber) -> dict[str, object]:
    """Return what a subscription holds, in words of the page's language."""
    language, pack, wish = as_language(translation.get_language()[:2]), present.pack(), wish_of(row)
    audience = pack.audiences.get(row.audience)
    region, package = pack.regions.get(wish.region), pack.packages.get(wish.package)
    return {
        "audience": row.audience if audience is None else audience.name[language],
        "chosen": [pack.functions[name].name[language] for name in pack.functions if name in wish.functions],
        "region": "" if region is None else region.name[language],
        "package": "" if package is None else package.name,
        "wish": wish,
        "row": row,
        "manage_url": link(row, purpose="manage"),
    }


def page(request: HttpRequest, name: str, context: dict[str, object], *, status: int = 200) -> HttpResponse:
    """Return a page that nobody keeps: it belongs to one person, and its address may speak for them."""
    language = as_language(translation.get_language()[:2])
    standing = {
        "page_language": language,
        "languages": settings.LANGUAGES,
        "is_demonstration": present.pack().authority is None,
        "is_replay": present.is_replay(),
        "site": f"{settings.CONFIGURATION.site_url.rstrip('/')}/{language}/",
    }
    response = render(request, f"subscriptions/{name}", standing | context, status=status)
    response["Content-Language"] = language
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
