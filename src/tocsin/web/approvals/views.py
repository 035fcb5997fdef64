"""One draft on a telephone: read it, prove that it is you, publish it. No console, no login.

The link says who was asked and about which text; a GET shows and never acts, so that mail scanners may follow it. The
second factor at that moment is what publishes. A link about a text that was rewritten shows what changed and leads on
to the new text: it never approves it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tocsin.accounts import factors, services
from tocsin.accounts.approvals import ApprovalLink, read_approval, renewed
from tocsin.accounts.errors import ApprovalLinkError, FactorError
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import approvals, assessments, read_bulletin, score, version
from tocsin.bulletins.queries import bulletin as stored_bulletin
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.plain_language import BLOCKING
from tocsin.bulletins.services import approve as agree
from tocsin.incidents.queries import incident as stored_incident
from tocsin.incidents.services import take
from tocsin.kernel.clock import SystemClock
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.reasons import Reason
from tocsin.notifications.paging import draft_as_paged
from tocsin.notifications.queries import as_language
from tocsin.web import present, problems, proofs, times, words
from tocsin.web.approvals.changes import changes
from tocsin.web.senders import sender_of
from tocsin.web.waits import TOO_MANY_REQUESTS, minutes_of, told_to_wait

PURPOSE: Final = "approval"
REFUSED: Final = 403
CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the link leads to, as it stands now."""

    link: ApprovalLink
    row: BulletinRow
    bulletin: Bulletin
    version: str

    @property
    def is_waiting(self) -> bool:
        """Say whether there is still something to approve."""
        return self.row.status == "draft"

    @property
    def is_same_text(self) -> bool:
        """Say whether the text is the one that the link was made for."""
        return self.version == self.link.version

    @property
    def agreed(self) -> list[str]:
        """Return who approved this very text already."""
        return [row.by for row in approvals([self.bulletin.id]) if row.wording.startswith(self.version)]

    @property
    def blocking(self) -> list[Reason]:
        """Return what in the text must be mended at a desk before it goes out."""
        found = [each for assessed in assessments(self.bulletin).values() for each in assessed.findings]
        return list({str(each.to_json()): each for each in found if each.code in BLOCKING}.values())


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def approve(request: HttpRequest, token: str) -> HttpResponse:
    """Show the draft that a link leads to; publish or take it when the officer proves to be there."""
    try:
        link = read_approval(token, machine_now=SystemClock().now())
    except ApprovalLinkError as error:
        return render(request, "approvals/refused.html", {"code": error.code}, status=error.http_status)
    with translation.override(_language(request, link)):
        row = stored_bulletin(link.bulletin)
        if row is None:
            return render(request, "approvals/refused.html", {"code": "bulletin.unknown"}, status=410)
        sheet = _sheet(link, row)
        return _act(request, sheet) if request.method == "POST" else _page(request, sheet)


def _language(request: HttpRequest, link: ApprovalLink) -> str:
    return as_language(request.GET.get("language") or link.operator.language)


def _sheet(link: ApprovalLink, row: BulletinRow) -> Sheet:
    bulletin = read_bulletin(row)
    return Sheet(link, row, bulletin, version(bulletin))


def _act(request: HttpRequest, sheet: Sheet) -> HttpResponse:
    service = ACTS.get(request.POST.get("act", ""))
    if service is None or not sheet.is_waiting or not sheet.is_same_text:
        return _page(request, sheet, status=CONFLICT)
    tried, sender = f"approve:{sheet.link.operator.username}", sender_of(request)
    wait = services.admit_login(tried, sender=sender, now=SystemClock().now())
    if wait is not None:
        page = _page(request, sheet, {"wait_minutes": minutes_of(wait)}, status=TOO_MANY_REQUESTS)
        return told_to_wait(page, wait)
    proof = proofs.shown(request, purpose=PURPOSE)
    try:
        factors.prove(sheet.link.operator, proof, purpose=PURPOSE, machine_now=SystemClock().now(), now=present.now())
        services.forgive(tried, sender=sender)
        service(sheet, present.now())
    except FactorError as error:
        return _page(request, sheet, {"problem": error.code}, status=REFUSED)
    except TocsinError as error:
        # Somebody else was quicker, or it takes more than one click: say so and show what is so now.
        return _page(request, _again(sheet), {"told": problems.sentence(error)}, status=error.http_status)
    return redirect(f"{request.path}?language={times.language()}")


@transaction.atomic
def _publish(sheet: Sheet, now: datetime) -> None:
    # Looked at once more inside the transaction: the engine may have rewritten the draft since the page was checked.
    if _again(sheet).is_same_text:
        agree(sheet.bulletin.id, by=sheet.link.operator.username, now=now)


def _take(sheet: Sheet, now: datetime) -> None:
    take(sheet.bulletin.incident, by=sheet.link.operator.username, now=now)


ACTS: Final[Mapping[str, Callable[[Sheet, datetime], None]]] = {"publish": _publish, "take": _take}


def _again(sheet: Sheet) -> Sheet:
    row = stored_bulletin(sheet.link.bulletin)
    return sheet if row is None else _sheet(sheet.link, row)


def _page(
    request: HttpRequest, sheet: Sheet, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    language = times.language()
    operator, agreed, blocking = sheet.link.operator, sheet.agreed, sheet.blocking
    can_act = sheet.is_waiting and sheet.is_same_text and not blocking and operator.username not in agreed
    incident = stored_incident(sheet.bulletin.incident)
    standing: dict[str, Any] = {
        "sheet": sheet,
        "bulletin": sheet.bulletin,
        "operator": operator,
        "incident": incident,
        "is_mine": incident is not None and incident.owner == operator.username,
        "reasons": [Reason.from_json(reason) for reason in sheet.row.reasons],
        "language": language,
        "languages": words.LANGUAGES,
        "offered_languages": None,
        "can_act": can_act,
        "agreed": agreed if sheet.is_waiting else [],
        "blocking": blocking if sheet.is_waiting else [],
        "plain_score": score(sheet.bulletin),
        "has_factor": factors.has_factor(operator),
        "acts": [("publish", gettext("Publish in four languages")), ("take", gettext("I take it, not yet"))],
        "site": f"{settings.CONFIGURATION.site_url.rstrip('/')}/{language}/",
    }
    if can_act:
        standing["question"] = proofs.asked(request, factors.ask_for_passkey(operator), purpose=PURPOSE)
    elif sheet.is_waiting and not sheet.is_same_text:
        standing |= _rewritten(sheet)
    return render(request, "approvals/approve.html", standing | dict(context or {}), status=status)


def _rewritten(sheet: Sheet) -> dict[str, Any]:
    before = draft_as_paged(sheet.bulletin.id, sheet.link.version)
    return {
        "new_link": reverse("approve", args=[renewed(sheet.link, version=sheet.version)]),
        "is_before_known": before is not None,
        "changes": ()
        if before is None
        else changes(before, sheet.bulletin, times.language(), templates=present.templates()),
    }
