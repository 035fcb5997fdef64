"""An operator's own account: on duty or not, where one is paged, and what proves that it is oneself.

Whoever changes a factor gives the password again: a console left open for a minute must not be enough to move in.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.accounts import factors, passkeys, roster, services
from tocsin.accounts.errors import FactorError, SealBrokenError
from tocsin.accounts.models import Operator
from tocsin.accounts.rules import PAGE_KINDS
from tocsin.kernel.clock import SystemClock
from tocsin.kernel.errors import InputError
from tocsin.web import present, problems, proofs, words
from tocsin.web.senders import sender_of
from tocsin.web.waits import TOO_MANY_REQUESTS, minutes_of, told_to_wait

PURPOSE: Final = "enrolment"
OFFER: Final = "app_offer"
BAD: Final = 400


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why somebody at an open console is not believed to be its operator: a wrong password, or too many tries."""

    wait: timedelta | None = None

    @property
    def context(self) -> dict[str, Any]:
        """Return what the page says of it."""
        return {"wait_minutes": minutes_of(self.wait)} if self.wait is not None else {"problem": "password"}


@require_safe
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show all of it."""
    return _account(request)


@require_POST
@login_required
def duty(request: HttpRequest) -> HttpResponse:
    """Go on duty, or off."""
    operator = _operator(request)
    is_on_duty = request.POST.get("duty") == "on"
    roster.set_duty(operator.username, is_on_duty=is_on_duty, by=operator.username, now=present.now())
    return redirect("account")


@require_POST
@login_required
def contacts(request: HttpRequest) -> HttpResponse:
    """Note where, and what for, one is paged."""
    operator = _operator(request)
    try:
        roster.set_contacts(
            operator.username,
            email=request.POST.get("email", ""),
            phone=request.POST.get("phone", ""),
            pages=request.POST.getlist("pages"),
            by=operator.username,
            now=present.now(),
        )
    except InputError as error:
        return _account(request, {"contact_problem": problems.sentence(error), "given": request.POST}, status=BAD)
    messages.success(request, gettext("Noted."))
    return redirect("account")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def app(request: HttpRequest) -> HttpResponse:
    """Enrol an authenticator app: show its secret, and take the first code that it makes of it."""
    operator = _operator(request)
    offer = _offer(request, operator)
    request.session[OFFER] = offer.sealed
    context = {"offer": offer, "picture": _picture(offer.address)}
    if request.method != "POST":
        return render(request, "desk/app.html", context)
    doubt = _doubt(request, operator)
    if doubt is not None:
        return _doubted(request, "desk/app.html", context, doubt)
    try:
        factors.enrol_app(
            operator,
            kept=offer.sealed,
            code=request.POST.get("code", ""),
            name=request.POST.get("name", ""),
            machine_now=SystemClock().now(),
            now=present.now(),
        )
    except FactorError as error:
        return render(request, "desk/app.html", context | {"problem": error.code}, status=BAD)
    del request.session[OFFER]
    return _enrolled(request, operator)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def passkey(request: HttpRequest) -> HttpResponse:
    """Enrol a passkey: ask the browser to make one, and keep its public half."""
    operator = _operator(request)
    if request.method != "POST":
        return _passkey_page(request, operator, {})
    doubt = _doubt(request, operator)
    if doubt is not None:
        return _passkey_page(request, operator, doubt.context, wait=doubt.wait)
    state = proofs.answered(request, purpose=PURPOSE)
    try:
        answer, name = request.POST.get("answer", ""), request.POST.get("name", "")
        factors.enrol_passkey(operator, state=state, answer=answer, name=name, now=present.now())
    except FactorError as error:
        return _passkey_page(request, operator, {"problem": error.code})
    return _enrolled(request, operator)


@require_POST
@never_cache
@login_required
def codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, and show them this once."""
    operator = _operator(request)
    doubt = _doubt(request, operator)
    if doubt is not None:
        return told_to_wait(_account(request, doubt.context, status=_status(doubt)), doubt.wait)
    return _codes(request, operator)


@require_POST
@login_required
def remove(request: HttpRequest, key: int) -> HttpResponse:
    """Take one of one's own factors away."""
    operator = _operator(request)
    doubt = _doubt(request, operator)
    if doubt is not None:
        return told_to_wait(_account(request, doubt.context, status=_status(doubt)), doubt.wait)
    try:
        factors.remove_factor(operator, key, by=operator.username, now=present.now())
    except FactorError as error:
        return _account(request, {"problem": error.code}, status=BAD)
    return redirect("account")


def _offer(request: HttpRequest, operator: Operator) -> factors.AppOffer:
    try:
        return factors.offer_app(operator, kept=request.session.get(OFFER, ""))
    except SealBrokenError:
        # Kept under a secret key that was changed since: nobody has scanned it and not gone on.
        return factors.offer_app(operator)


def _operator(request: HttpRequest) -> Operator:
    assert isinstance(request.user, Operator)
    return request.user


def _doubt(request: HttpRequest, operator: Operator) -> Doubt | None:
    # Counted like a login: whoever sits at a console left open has no more tries than at the door.
    sender = sender_of(request)
    wait = services.admit_login(operator.username, sender=sender, now=SystemClock().now())
    if wait is not None:
        return Doubt(wait)
    if not operator.check_password(request.POST.get("password", "")):
        services.refuse_login(operator.username, sender=sender, machine_now=SystemClock().now(), now=present.now())
        return Doubt()
    services.forgive(operator.username, sender=sender)
    return None


def _status(doubt: Doubt) -> int:
    return BAD if doubt.wait is None else TOO_MANY_REQUESTS


def _doubted(request: HttpRequest, template: str, context: Mapping[str, Any], doubt: Doubt) -> HttpResponse:
    page = render(request, template, {**context, **doubt.context}, status=_status(doubt))
    return told_to_wait(page, doubt.wait)


def _passkey_page(
    request: HttpRequest, operator: Operator, context: Mapping[str, Any], *, wait: timedelta | None = None
) -> HttpResponse:
    if not passkeys.are_possible():
        return render(request, "desk/passkey.html", {"is_possible": False})
    question = proofs.asked(request, factors.ask_to_make_passkey(operator), purpose=PURPOSE)
    standing = {"is_possible": True, "question": question, "given_name": request.POST.get("name", ""), **context}
    status = TOO_MANY_REQUESTS if wait is not None else BAD if context else 200
    return told_to_wait(render(request, "desk/passkey.html", standing, status=status), wait)


def _enrolled(request: HttpRequest, operator: Operator) -> HttpResponse:
    # The first factor brings its way back: codes on paper, before the telephone falls into the water.
    if factors.codes_left(operator):
        return redirect("account")
    return _codes(request, operator)


def _codes(request: HttpRequest, operator: Operator) -> HttpResponse:
    try:
        made = factors.new_recovery_codes(operator, now=present.now())
    except FactorError as error:
        return _account(request, {"problem": error.code}, status=BAD)
    return render(request, "desk/codes.html", {"codes": made})


def _account(request: HttpRequest, context: Mapping[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    operator = _operator(request)
    standing = {
        "operator": operator,
        "factors": factors.factors_of(operator),
        "codes_left": factors.codes_left(operator),
        "passkeys_possible": passkeys.are_possible(),
        "page_kinds": [(kind, words.word(words.PAGES, kind)) for kind in PAGE_KINDS],
        "on_duty": roster.on_duty(),
    }
    return render(request, "desk/account.html", standing | dict(context or {}), status=status)


def _picture(address: str) -> SafeString:
    out = io.BytesIO()
    # Dark on light in dark mode too: cameras do not read it the other way round.
    segno.make(address, error="m").save(
        out, kind="svg", xmldecl=False, svgns=False, scale=5, border=3, light="#fff", nl=False, omitsize=False
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308  drawn by segno from our own text, which it holds as a path
