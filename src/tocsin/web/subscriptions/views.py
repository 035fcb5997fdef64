"""Asking to be told, confirming it, and leaving: for anybody, without a login.

A link in a mail is only followed by a person's click: mail scanners fetch every link, so a GET shows a button and
changes nothing. The one exception is made for mail programs' own "unsubscribe" button, which posts (RFC 8058).
"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tocsin.notifications import services
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import Subscriber
from tocsin.notifications.queries import as_language, by_token
from tocsin.web import present
from tocsin.web.senders import sender_of
from tocsin.web.subscriptions.forms import AskForm

type View = Callable[..., HttpResponse]

TOO_MANY_REQUESTS = 429


def in_language_asked(view: View) -> View:
    """Let `?language=` decide the page's language; without it the browser's does."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        asked = request.GET.get("language")
        with translation.override(as_language(asked) if asked else translation.get_language()):
            return view(request, *args, **kwargs)

    return wrapped


@require_http_methods(["GET", "HEAD", "POST"])
@in_language_asked
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form, and take it; the answer is the same whether or not the address was known."""
    if request.method != "POST":
        given = {"language": translation.get_language()[:2], "audience": request.GET.get("audience", "")}
        return _page(request, "ask.html", {"form": AskForm(initial=given, pack=present.pack())})
    form = AskForm(request.POST, pack=present.pack())
    if not form.is_valid():
        return _page(request, "ask.html", {"form": form}, status=400)
    try:
        services.subscribe(
            address=form.cleaned_data["address"],
            language=form.cleaned_data["language"],
            wish=form.wish(),
            sender=sender_of(request),
            now=present.now(),
        )
    except SubscriptionError as error:
        return _page(request, "refused.html", {"code": error.code}, status=TOO_MANY_REQUESTS)
    return redirect(f"{reverse('subscriptions:asked')}?language={translation.get_language()[:2]}")


@require_safe
@in_language_asked
def asked(request: HttpRequest) -> HttpResponse:
    """Say that a mail is on its way."""
    return _page(request, "asked.html", {})


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what will be confirmed, and confirm it by a click."""
    row = by_token(token, purpose="confirm")
    with translation.override(_language_of(row)):
        if request.method != "POST" and row is not None:
            return _page(request, "confirm.html", _standing(row))
        try:
            row = services.confirm(token, now=present.now())
        except SubscriptionError as error:
            return _page(request, "refused.html", {"code": error.code}, status=410)
        return _page(request, "confirmed.html", _standing(row))


@csrf_exempt  # mail programs post here without ever having seen a page of ours; the signed link is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button that ends the subscription; a POST, a mail program's included, ends it at once."""
    row = by_token(token, purpose="leave")
    with translation.override(_language_of(row)):
        if request.method != "POST" and row is not None:
            return _page(request, "leave.html", _standing(row))
        try:
            row = services.leave(token, now=present.now())
        except SubscriptionError as error:
            return _page(request, "refused.html", {"code": error.code}, status=410)
        return _page(request, "left.html", _standing(row))


def _language_of(row: Subscriber | None) -> str:
    return as_language(translation.get_language()[:2]) if row is None else as_language(_wish_of(row)[0])


def _wish_of(row: Subscriber) -> tuple[str, list[str]]:
    if row.pending is None:
        return row.language, row.functions
    return row.pending["language"], row.pending["functions"]


def _standing(row: Subscriber) -> dict[str, object]:
    language, pack, (_, functions) = as_language(translation.get_language()[:2]), present.pack(), _wish_of(row)
    audience = pack.audiences.get(row.audience)
    chosen = [pack.functions[name].name[language] for name in pack.functions if name in functions]
    return {"audience": row.audience if audience is None else audience.name[language], "chosen": chosen, "row": row}


def _page(request: HttpRequest, name: str, context: dict[str, object], *, status: int = 200) -> HttpResponse:
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
