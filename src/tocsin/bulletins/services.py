"""Bulletins go out here, by policy or by people, and nowhere else; here they are edited and approved.

Whatever publishes a bulletin sends `bulletin_published` within its transaction; the runtime lets notifications listen,
so that a bulletin is never out without being on its way to those who asked for it. No text goes out against a blocking
finding of the plain-language check unless a person says in writing why. The policy itself is changed in `governing`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from tocsin.audit.services import record as audit
from tocsin.bulletins import queries
from tocsin.bulletins.errors import (
    BlockedTextError,
    BulletinStatusError,
    BulletinTextError,
    FactsMovedError,
    SameApproverError,
    SecondApprovalError,
    UnknownBulletinError,
)
from tocsin.bulletins.grounding import never_found
from tocsin.bulletins.models import ApprovalRow, BulletinRow, PageRecord
from tocsin.bulletins.queries import BulletinStatus, adapter, last_page, read_bulletin
from tocsin.bulletins.rules.approval import Needed, missing, needed
from tocsin.bulletins.rules.hygiene import checked_text
from tocsin.bulletins.rules.model import AudienceText, Bulletin
from tocsin.bulletins.rules.plain_language import BLOCKING
from tocsin.bulletins.rules.revisions import Rebased, has_moved, rebased
from tocsin.incidents.queries import incident as stored_incident
from tocsin.incidents.services import ENGINE, add_entry
from tocsin.kernel.reasons import Reason

bulletin_published = Signal()
"""Sent with `bulletin` (a `Bulletin`) and `now`, inside the transaction that publishes it."""

POLICY = "policy"
"""Who approved a bulletin that no person did."""

SAID_AFTERWARDS = frozenset({"end", "retraction", "correction"})
"""Kinds that are still true once an incident is over."""

_REASON_LENGTH = 2000


@transaction.atomic
def save_draft(bulletin: Bulletin, *, reasons: Sequence[Reason] = (), now: datetime) -> None:
    """Keep a draft for approval. A draft of the same id is replaced; one that is out already is left as it is.

    A draft that is written anew goes on waiting since it was first written: news must not restart the duty officer's
    clock. One that a person edited keeps their words; the newer wording is laid beside it, for them to choose.
    """
    row = _row(bulletin.id)
    if row is not None and row.status == "published":
        return
    waits = row if row is not None and row.status == "draft" else None
    if waits is not None and waits.edited_by:
        _lay_beside(waits, bulletin, now)
        return
    _store(bulletin, _Standing("draft", reasons=reasons))
    _supersede_older(bulletin)
    if waits is None:
        _tell(bulletin, _Step("drafted", ENGINE, now, reasons))
        return
    BulletinRow.objects.filter(pk=bulletin.id).update(drafted_at=waits.drafted_at)
    _void_approvals(bulletin, now=now)


def _lay_beside(row: BulletinRow, newer: Bulletin, now: datetime) -> None:
    known = adapter().validate_python(row.moved or row.drafted)
    if not has_moved(known, newer):
        return
    is_first = row.moved is None
    row.moved = _dumped(newer)
    row.save(update_fields=["moved"])
    _void_approvals(read_bulletin(row), now=now)
    if is_first:
        _tell(newer, _Step("moved", ENGINE, now))


@transaction.atomic
def publish(bulletin: Bulletin, *, reasons: Sequence[Reason] = (), now: datetime) -> bool:
    """Publish a bulletin that the policy lets out and return whether it is out; none is sent again.

    A text that the check blocks is kept as a draft instead: nobody is there to say why it should go out.
    """
    row = _row(bulletin.id)
    if row is not None and row.status == "published":
        return True
    blocking = _blocking(bulletin)
    if blocking:
        save_draft(bulletin, reasons=blocking, now=now)
        return False
    _put_out(bulletin, _Step("published", POLICY, now, reasons))
    return True


def publish_draft(bulletin_id: str, *, by: str, now: datetime, override: str = "") -> Bulletin:
    """Publish a draft on a duty officer's word; where two must agree, the first word is kept and waits for the second.

    `override` is the written reason to publish against a blocking finding. Raises `SecondApprovalError` once the
    approval is kept but another person must agree, and otherwise as `approve` does.
    """
    given = approve(bulletin_id, by=by, now=now, override=override)
    if given.is_out:
        return given.bulletin
    raise SecondApprovalError(bulletin_id, missing=given.missing)


@dataclass(frozen=True, slots=True)
class Given:
    """What became of an approval: how many more people must agree; none, and the bulletin is out."""

    bulletin: Bulletin
    missing: int

    @property
    def is_out(self) -> bool:
        """Say whether it went out."""
        return self.missing == 0


@transaction.atomic
def approve(bulletin_id: str, *, by: str, now: datetime, override: str = "") -> Given:
    """Keep one person's approval of a draft's present wording, and publish it once enough people agree.

    Raises `UnknownBulletinError`; `BulletinStatusError` when it no longer waits; `FactsMovedError` when it was edited
    and the facts moved since; `BlockedTextError` for a blocking finding without `override`; `SameApproverError` when
    two must agree and this person did already.
    """
    row = _waiting(bulletin_id)
    if row.moved is not None:
        raise FactsMovedError(bulletin_id)
    bulletin = read_bulletin(row)
    # What templates wrote of facts holds by test; what a person wrote is looked at once more.
    never = never_found(bulletin, now=now) if row.edited_by else ()
    reasons = _passed(bulletin, override, by, never=never)
    _refuse_what_is_over(bulletin)
    need, before = needed_for(bulletin), _approved_by(bulletin)
    if by in before:
        raise SameApproverError(bulletin_id, by=by)
    ApprovalRow.objects.create(bulletin=bulletin_id, by=by, at=now, wording=queries.wording(bulletin))
    agreed = [*before, by]
    lacking = missing(need, agreed)
    if lacking:
        _tell(bulletin, _Step("approved", by, now, (*need.reasons, *reasons)))
    else:
        waited_for = [Reason.from_json(reason) for reason in row.reasons]
        step = _Step("published", by, now, (*waited_for, *reasons), approved_by=", ".join(agreed))
        _put_out(bulletin, step, override=override.strip() if reasons else "")
    return Given(bulletin, lacking)


def _refuse_what_is_over(bulletin: Bulletin) -> None:
    # Told now, it would say that something fails which works again, and nobody would ever be told the end of it.
    incident = stored_incident(bulletin.incident)
    if incident is not None and not incident.is_open and bulletin.kind not in SAID_AFTERWARDS:
        raise BulletinStatusError(bulletin.id, status="superseded")


def needed_for(bulletin: Bulletin) -> Needed:
    """Return who must agree before a bulletin goes out, by the policy in force. Raises for an unknown incident."""
    incident = stored_incident(bulletin.incident)
    if incident is None:
        raise UnknownBulletinError(bulletin.id)
    return needed(bulletin, incident, policy=queries.policy())


@transaction.atomic
def discard_draft(bulletin_id: str, *, by: str, now: datetime) -> None:
    """Drop a draft. Raises as `publish_draft` does."""
    row = _waiting(bulletin_id)
    row.status = "discarded"
    row.save(update_fields=["status"])
    bulletin = read_bulletin(row)
    _void_approvals(bulletin, now=now)
    _tell(bulletin, _Step("discarded", by, now))


@transaction.atomic
def edit_draft(bulletin_id: str, texts: Mapping[str, AudienceText], *, by: str, now: datetime) -> Bulletin:
    """Keep a person's wording of a waiting draft, for some of its audiences; approvals given before are void.

    Raises `BulletinTextError` for an audience that the draft does not speak to, `UnsafeTextError` for what must not be
    in a text, and as `discard_draft` does.
    """
    row = _waiting(bulletin_id)
    before = read_bulletin(row)
    bulletin = reworded(before, texts)
    if bulletin == before:
        return before
    row.drafted = row.drafted or row.content
    _keep_edit(row, bulletin, by=by, now=now)
    _tell(bulletin, _Step("edited", by, now, facts={"audiences": list(texts)}))
    return bulletin


@transaction.atomic
def carry_edit_over(bulletin_id: str, *, by: str, now: datetime) -> Rebased:
    """Take the newer facts and keep the person's words in them, part by part; what clashes is returned.

    Raises as `edit_draft` does, and `BulletinStatusError` when the facts have not moved.
    """
    row = _moved(bulletin_id)
    found = rebased(*(adapter().validate_python(each) for each in (row.drafted, row.content, row.moved)))
    row.drafted, row.moved = row.moved, None
    row.kind = found.bulletin.kind
    _keep_edit(row, found.bulletin, by=by, now=now)
    _tell(found.bulletin, _Step("carried_over", by, now, facts={"parts": list(found.conflicts)}))
    return found


@transaction.atomic
def drop_edit(bulletin_id: str, *, by: str, now: datetime) -> Bulletin:
    """Take the engine's newest wording of a draft instead of a person's. Raises as `edit_draft` does."""
    row = _waiting(bulletin_id)
    bulletin = adapter().validate_python(row.moved or row.drafted or row.content)
    row.edited_by, row.edited_at, row.drafted, row.moved = "", None, None, None
    row.content, row.kind = _dumped(bulletin), bulletin.kind
    row.save(update_fields=["edited_by", "edited_at", "drafted", "moved", "content", "kind"])
    _void_approvals(bulletin, now=now)
    _tell(bulletin, _Step("edit_dropped", by, now))
    return bulletin


def _moved(bulletin_id: str) -> BulletinRow:
    row = _waiting(bulletin_id)
    if row.moved is None:
        raise BulletinStatusError(bulletin_id, status=row.status)
    return row


def reworded(bulletin: Bulletin, texts: Mapping[str, AudienceText]) -> Bulletin:
    """Return the bulletin with some texts replaced; raises `BulletinTextError` or `UnsafeTextError` for a bad one."""
    for audience, text in texts.items():
        if audience not in bulletin.texts:
            raise BulletinTextError(audience)
        checked_text(text, audience=audience)
    return replace(bulletin, texts={**bulletin.texts, **texts})


def _keep_edit(row: BulletinRow, bulletin: Bulletin, *, by: str, now: datetime) -> None:
    row.content, row.edited_by, row.edited_at = _dumped(bulletin), by, now
    row.save(update_fields=["content", "edited_by", "edited_at", "drafted", "moved", "kind"])
    _void_approvals(bulletin, now=now)


def save_edited(bulletin: Bulletin, *, by: str, now: datetime) -> None:
    """Keep a draft that a person wrote; nothing is told of it before it is approved."""
    _store(bulletin, _Standing("draft"))
    BulletinRow.objects.filter(pk=bulletin.id).update(edited_by=by, edited_at=now)


def put_out(bulletin: Bulletin, *, by: str, now: datetime, reasons: Sequence[Reason] = ()) -> None:
    """Publish on a person's word what templates wrote of facts and nobody edited. For the neighbouring `mending`."""
    _put_out(bulletin, _Step("published", by, now, reasons))


def supersede_what_is_over(incident_ids: Collection[str]) -> None:
    """Let no draft wait that says of incidents which are over that something fails."""
    waiting = BulletinRow.objects.filter(incident__in=incident_ids, status="draft")
    waiting.exclude(kind__in=SAID_AFTERWARDS).update(status="superseded")


def supersede_drafts(incident_id: str) -> None:
    """Let no draft of an incident go out by a late click."""
    BulletinRow.objects.filter(incident=incident_id, status="draft").update(status="superseded")


def record_page(*, at: datetime, version: int, states: Mapping[str, Any], incidents: Sequence[Any]) -> bool:
    """Note what the public pages say from now on; return False, adding nothing, when they said just that before."""
    before = last_page()
    if before is not None and before.states == states and before.incidents == list(incidents):
        return False
    PageRecord.objects.create(at=at, version=version, states=dict(states), incidents=list(incidents))
    return True


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that happens to a bulletin: what, by whom, when, why."""

    kind: str
    actor: str
    at: datetime
    reasons: Sequence[Reason] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What became of a bulletin."""

    status: BulletinStatus
    published_at: datetime | None = None
    approved_by: str = ""
    reasons: Sequence[Reason] = ()


def _row(bulletin_id: str) -> BulletinRow | None:
    return BulletinRow.objects.select_for_update().filter(pk=bulletin_id).first()


def _waiting(bulletin_id: str) -> BulletinRow:
    row = _row(bulletin_id)
    if row is None:
        raise UnknownBulletinError(bulletin_id)
    if row.status != "draft":
        raise BulletinStatusError(bulletin_id, status=row.status)
    return row


def _passed(bulletin: Bulletin, override: str, by: str, *, never: Sequence[Reason]) -> tuple[Reason, ...]:
    # What a person overrides stands beside their reason for it, on the timeline and in the audit log.
    blocking = (*_blocking(bulletin), *never)
    if not blocking:
        return ()
    words = override.strip()[:_REASON_LENGTH]
    if not words:
        raise BlockedTextError(bulletin.id, findings=blocking)
    return (Reason("operator.override", {"by": by, "reason": words}), *blocking)


def _blocking(bulletin: Bulletin) -> tuple[Reason, ...]:
    found = [finding for each in queries.assessments(bulletin).values() for finding in each.findings]
    return tuple({str(one.to_json()): one for one in found if one.code in BLOCKING}.values())


def _approved_by(bulletin: Bulletin) -> list[str]:
    wording = queries.wording(bulletin)
    return [row.by for row in queries.approvals([bulletin.id]) if row.wording == wording]


def _void_approvals(bulletin: Bulletin, *, now: datetime) -> None:
    # A yes is to one wording; what stands there now may be another. An unchanged one keeps its approvals.
    wording = queries.wording(bulletin)
    waits = BulletinRow.objects.filter(pk=bulletin.id, status="draft", moved__isnull=True).exists()
    held = ApprovalRow.objects.filter(bulletin=bulletin.id, voided_at=None)
    stale = held.exclude(wording=wording) if waits else held
    if stale.update(voided_at=now):
        _tell(bulletin, _Step("approvals_void", ENGINE, now))


def _put_out(bulletin: Bulletin, step: _Step, *, override: str = "") -> None:
    approved_by = step.approved_by or step.actor
    _store(bulletin, _Standing("published", published_at=step.at, approved_by=approved_by, reasons=step.reasons))
    if override:
        BulletinRow.objects.filter(pk=bulletin.id).update(override=override)
    _supersede_older(bulletin)
    _tell(bulletin, step)
    bulletin_published.send(sender=None, bulletin=bulletin, now=step.at)


def _supersede_older(bulletin: Bulletin) -> None:
    # What an older draft says is no longer so once a newer bulletin exists: it must not be published by a late click.
    # A correction is apart from that: it mends what was said and tells nothing new, and nothing new replaces it.
    if bulletin.kind == "correction":
        return
    # A word that only repeats makes nothing old but another such word.
    repeated = {"kind": "holding"} if bulletin.kind == "holding" else {}
    older = BulletinRow.objects.filter(incident=bulletin.incident, status="draft", drafted_at__lt=bulletin.drafted_at)
    older.filter(**repeated).exclude(pk=bulletin.id).exclude(kind="correction").update(status="superseded")


def _store(bulletin: Bulletin, standing: _Standing) -> None:
    fields = {
        "incident": bulletin.incident,
        "kind": bulletin.kind,
        "status": standing.status,
        "drafted_at": bulletin.drafted_at,
        "published_at": standing.published_at,
        "approved_by": standing.approved_by,
        "reasons": [reason.to_json() for reason in standing.reasons],
        "content": _dumped(bulletin),
    }
    BulletinRow.objects.update_or_create(pk=bulletin.id, defaults=fields)


def _dumped(bulletin: Bulletin) -> dict[str, Any]:
    stored: dict[str, Any] = adapter().dump_python(bulletin, mode="json")
    return stored


def _tell(bulletin: Bulletin, step: _Step) -> None:
    facts = {"bulletin": bulletin.id, "kind": bulletin.kind, "audiences": list(bulletin.texts), **step.facts}
    add_entry(
        bulletin.incident,
        kind=f"bulletin_{step.kind}",
        actor=step.actor,
        at=step.at,
        reasons=step.reasons,
        facts=facts,
    )
    facts |= {"incident": bulletin.incident, "reasons": [reason.code for reason in step.reasons]}
    audit(at=step.at, actor=step.actor, action=f"bulletin.{step.kind}", subject=bulletin.id, facts=facts)
