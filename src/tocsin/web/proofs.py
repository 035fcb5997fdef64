"""Asking a browser for a second factor: the question waits in the session for its answer, once, for a while."""

import json
from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest

from tocsin.accounts.factors import Proof
from tocsin.accounts.passkeys import Question, State
from tocsin.kernel.clock import SystemClock

ANSWERED_WITHIN: Final = timedelta(minutes=10)
"""As long as somebody may look for their telephone; then the page must be opened again."""

_KEY: Final = "passkey_question"


def asked(request: HttpRequest, question: Question | None, *, purpose: str) -> str:
    """Keep what was asked for a purpose, and return the question as JSON for the page; "" when there is none."""
    if question is None:
        return ""
    kept = {"state": question.state, "purpose": purpose, "at": SystemClock().now().isoformat()}
    request.session[_KEY] = kept
    return json.dumps(question.options)


def answered(request: HttpRequest, *, purpose: str) -> State | None:
    """Return what was asked for this purpose, once; None when nothing was, or too long ago."""
    kept = request.session.pop(_KEY, None)
    if kept is None or kept["purpose"] != purpose:
        return None
    is_late = SystemClock().now() - datetime.fromisoformat(kept["at"]) > ANSWERED_WITHIN
    return None if is_late else kept["state"]


def shown(request: HttpRequest, *, purpose: str) -> Proof:
    """Return what the form shows: a code typed, or a passkey's answer with what it was asked."""
    answer = request.POST.get("answer", "")
    state = answered(request, purpose=purpose) if answer else None
    return Proof(code=request.POST.get("code", ""), answer=answer, state=state)
