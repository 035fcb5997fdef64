"""Who lets words out must be there: a second factor shown within the last minutes, where the policy asks for it.

What somebody was about to do is not lost: the page that asks carries every field of the form along, and the answer to
it does what was asked for.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from tocsin.accounts import factors, services
from tocsin.accounts.errors import FactorError
from tocsin.accounts.models import Operator
from tocsin.bulletins.queries import approvals_need_second_factor
from tocsin.kernel.clock import SystemClock
from tocsin.web import present, proofs
from tocsin.web.senders import sender_of
from tocsin.web.waits import TOO_MANY_REQUESTS, minutes_of, told_to_wait

FRESH_FOR: Final = timedelta(minutes=15)
"""So long after a proof nobody is asked for another: a morning has many messages."""

PURPOSE: Final = "publication"
REFUSED: Final = 403

_KEY: Final = "factor_proven"
_NOT_CARRIED: Final = frozenset({"csrfmiddlewaretoken", "code", "answer", "act", "proving"})


def note_proof(request: HttpRequest, operator: Operator) -> None:
    """Remember in the session that its operator has just shown a second factor."""
    request.session[_KEY] = {"operator": operator.pk, "at": SystemClock().now().isoformat()}


def is_fresh(request: HttpRequest) -> bool:
    """Say whether this session's operator has shown a second factor within the last minutes."""
    kept = request.session.get(_KEY)
    if kept is None or kept["operator"] != request.user.pk:
        return False
    return timedelta() <= SystemClock().now() - datetime.fromisoformat(kept["at"]) < FRESH_FOR


def owed(request: HttpRequest, *, always: bool = False) -> HttpResponse | None:
    """Return the page that asks for the second factor before an act; None when nothing is owed, or it was just shown.

    `always` asks for it whatever the policy says now: who switches the policy off must be there as well.
    """
    operator = request.user
    assert isinstance(operator, Operator)
    if not (always or approvals_need_second_factor()) or is_fresh(request):
        return None
    if not factors.has_factor(operator):
        return _page(request, operator, {"has_none": True}, status=_status(request, REFUSED))
    if "proving" not in request.POST:
        return _page(request, operator, {})
    tried, sender = f"prove:{operator.username}", sender_of(request)
    wait = services.admit_login(tried, sender=sender, now=SystemClock().now())
    if wait is not None:
        page = _page(request, operator, {"wait_minutes": minutes_of(wait)}, status=TOO_MANY_REQUESTS)
        return told_to_wait(page, wait)
    proof = proofs.shown(request, purpose=PURPOSE)
    try:
        factors.prove(operator, proof, purpose=PURPOSE, machine_now=SystemClock().now(), now=present.now())
    except FactorError as error:
        return _page(request, operator, {"problem": error.code}, status=REFUSED)
    services.forgive(tried, sender=sender)
    note_proof(request, operator)
    return None


def _status(request: HttpRequest, status: int) -> int:
    # htmx shows nothing that comes with an error's status.
    return 200 if request.headers.get("HX-Request") else status


def _page(request: HttpRequest, operator: Operator, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    question = proofs.asked(request, factors.ask_for_passkey(operator), purpose=PURPOSE)
    lists = request.POST.lists()
    standing = {
        "question": question,
        "acts": [(request.POST.get("act", ""), gettext("It is me: go on"))],
        "carried": [(name, value) for name, values in lists if name not in _NOT_CARRIED for value in values],
        "minutes": FRESH_FOR // timedelta(minutes=1),
    }
    is_part = bool(request.headers.get("HX-Request"))
    response = render(
        request, "web/_present.html" if is_part else "web/present.html", standing | dict(context), status=status
    )
    if is_part:
        response["HX-Retarget"] = "#main"
        response["HX-Reswap"] = "innerHTML"
    response["Cache-Control"] = "no-store"
    return response
