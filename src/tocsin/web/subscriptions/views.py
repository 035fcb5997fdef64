"""Asking to be told, confirming it, and leaving: for anybody, without a login.

A link in a message is only followed by a person's click: mail scanners fetch every link, so a GET shows a button and
changes nothing. The one exception is made for mail programs' own "unsubscribe" button, which posts (RFC 8058).
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tocsin.notifications import services
from tocsin.notifications.errors import SubscriptionError
from tocsin.notifications.models import Subscriber
from tocsin.notifications.queries import by_token
from tocsin.web import present
from tocsin.web.senders import sender_of
from tocsin.web.subscriptions.channels import CHAT, EMAIL, PUSH, SMS, WEBHOOK, offered
from tocsin.web.subscriptions.forms import AskForm
from tocsin.web.subscriptions.pages import (
    GONE,
    TOO_MANY_REQUESTS,
    in_language_asked,
    language_of,
    page,
    standing_of,
)


@require_http_methods(["GET", "HEAD", "POST"])
@in_language_asked
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form, and take it; the answer is the same whether or not the address was known."""
    if request.method != "POST":
        given = {"language": translation.get_language()[:2], "audience": request.GET.get("audience", "")}
        return _form(request, AskForm(initial=given, pack=present.pack()))
    form = AskForm(request.POST, pack=present.pack())
    if not form.is_valid():
        return _form(request, form, status=400)
    try:
        services.subscribe(
            channel=form.chosen_channel,
            address=form.cleaned_data["address"],
            language=form.cleaned_data["language"],
            wish=form.wish(),
            sender=sender_of(request),
            now=present.now(),
        )
    except SubscriptionError as error:
        return page(request, "refused.html", {"code": error.code}, status=TOO_MANY_REQUESTS)
    language = translation.get_language()[:2]
    return redirect(f"{reverse('subscriptions:asked')}?language={language}&channel={form.chosen_channel}")


@require_safe
@in_language_asked
def asked(request: HttpRequest) -> HttpResponse:
    """Say that a message is on its way, and where to look for it."""
    return page(request, "asked.html", {"channel": request.GET.get("channel", EMAIL)})


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what will be confirmed, and confirm it by a click."""
    row = by_token(token, purpose="confirm")
    with translation.override(language_of(row)):
        if request.method != "POST" and row is not None:
            return page(request, "confirm.html", standing_of(row))
        try:
            row = services.confirm(token, now=present.now())
        except SubscriptionError as error:
            return page(request, "refused.html", {"code": error.code}, status=GONE)
        return page(request, "confirmed.html", standing_of(row) | {"secret": _secret_of(row)})


@csrf_exempt  # mail programs post here without ever having seen a page of ours; the signed link is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button that ends the subscription; a POST, a mail program's included, ends it at once."""
    row = by_token(token, purpose="leave")
    with translation.override(language_of(row)):
        if request.method != "POST" and row is not None:
            return page(request, "leave.html", standing_of(row))
        try:
            row = services.leave(token, now=present.now())
        except SubscriptionError as error:
            return page(request, "refused.html", {"code": error.code}, status=GONE)
        return page(request, "left.html", standing_of(row))


def _form(request: HttpRequest, form: AskForm, *, status: int = 200) -> HttpResponse:
    push = offered().get(PUSH)
    context = {
        "form": form,
        "push_key": "" if push is None else push.public_key,
        "has_sms": SMS in offered(),
        "has_chat": CHAT in offered(),
        "has_webhook": WEBHOOK in offered(),
    }
    return page(request, "ask.html", context, status=status)


def _secret_of(row: Subscriber) -> str:
    # Only here, once whoever owns the address has proved it: a stranger who types in somebody's address learns nothing.
    webhook = offered().get(WEBHOOK)
    return str(webhook.secret_of(row.address)) if row.channel == WEBHOOK and webhook is not None else ""
