"""Bulletins go out here, by policy or by a click, and nowhere else; and here the policy is changed.

Whatever publishes a bulletin sends `bulletin_published` within its transaction; the runtime lets notifications listen,
so that a bulletin is never out without being on its way to those who asked for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import Signal

from tocsin.audit.services import record as audit
from tocsin.bulletins.errors import BulletinStatusError, UnknownBulletinError
from tocsin.bulletins.models import BulletinRow, PageRecord, PolicyRow
from tocsin.bulletins.queries import BulletinStatus, adapter, last_page, read_bulletin
from tocsin.bulletins.rules.model import Bulletin
from tocsin.incidents.services import ENGINE, add_entry
from tocsin.kernel.reasons import Reason

bulletin_published = Signal()
"""Sent with `bulletin` (a `Bulletin`) and `now`, inside the transaction that publishes it."""

POLICY = "policy"
"""Who approved a bulletin that no person did."""


@transaction.atomic
def save_draft(bulletin: Bulletin, *, reasons: Sequence[Reason] = (), now: datetime) -> None:
    """Keep a draft for approval. A draft of the same id is replaced; one that is out already is left as it is.

    A draft that is written anew goes on waiting since it was first written: news must not restart the duty
    officer's clock.
    """
    row = _row(bulletin.id)
    if row is not None and row.status == "published":
        return
    _store(bulletin, _Standing("draft", reasons=reasons))
    if row is not None and row.status == "draft":
        BulletinRow.objects.filter(pk=bulletin.id).update(drafted_at=row.drafted_at)
    _supersede_older(bulletin)
    if row is None or row.status != "draft":
        _tell(bulletin, _Step("drafted", ENGINE, now, reasons))


@transaction.atomic
def publish(bulletin: Bulletin, *, reasons: Sequence[Reason] = (), now: datetime) -> None:
    """Publish a bulletin that the policy lets out; one that is out already is not sent again."""
    row = _row(bulletin.id)
    if row is not None and row.status == "published":
        return
    _put_out(bulletin, _Step("published", POLICY, now, reasons))


@transaction.atomic
def publish_draft(bulletin_id: str, *, by: str, now: datetime) -> Bulletin:
    """Publish a draft on a duty officer's word.

    Raises `UnknownBulletinError`, or `BulletinStatusError` when it no longer waits.
    """
    row = _waiting(bulletin_id)
    bulletin = read_bulletin(row)
    _put_out(bulletin, _Step("published", by, now, [Reason.from_json(reason) for reason in row.reasons]))
    return bulletin


@transaction.atomic
def discard_draft(bulletin_id: str, *, by: str, now: datetime) -> None:
    """Drop a draft. Raises as `publish_draft` does."""
    row = _waiting(bulletin_id)
    row.status = "discarded"
    row.save(update_fields=["status"])
    _tell(read_bulletin(row), _Step("discarded", by, now))


def hold(*, by: str, reason: str = "", now: datetime) -> None:
    """Stop every automatic publication and activation at once, until released. Holding twice is no error."""
    _change_policy({"is_held": True}, action="policy.held", by=by, reason=reason, now=now)


def release(*, by: str, reason: str = "", now: datetime) -> None:
    """Let automatic publication and activation go on, as far as automation is unlocked."""
    _change_policy({"is_held": False}, action="policy.released", by=by, reason=reason, now=now)


def unlock_automation(*, by: str, reason: str = "", now: datetime) -> None:
    """Let the policy publish by itself what passes its tests."""
    _change_policy({"automation": "automatic"}, action="policy.unlocked", by=by, reason=reason, now=now)


def lock_automation(*, by: str, reason: str = "", now: datetime) -> None:
    """Let nothing out without a click."""
    _change_policy({"automation": "manual"}, action="policy.locked", by=by, reason=reason, now=now)


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


def _put_out(bulletin: Bulletin, step: _Step) -> None:
    _store(bulletin, _Standing("published", published_at=step.at, approved_by=step.actor, reasons=step.reasons))
    _supersede_older(bulletin)
    _tell(bulletin, step)
    bulletin_published.send(sender=None, bulletin=bulletin, now=step.at)


def _supersede_older(bulletin: Bulletin) -> None:
    # What an older draft says is no longer so once a newer bulletin exists: it must not be published by a late click.
    older = BulletinRow.objects.filter(incident=bulletin.incident, status="draft", drafted_at__lt=bulletin.drafted_at)
    older.exclude(pk=bulletin.id).update(status="superseded")


def _store(bulletin: Bulletin, standing: _Standing) -> None:
    fields = {
        "incident": bulletin.incident,
        "kind": bulletin.kind,
        "status": standing.status,
        "drafted_at": bulletin.drafted_at,
        "published_at": standing.published_at,
        "approved_by": standing.approved_by,
        "reasons": [reason.to_json() for reason in standing.reasons],
        "content": adapter().dump_python(bulletin, mode="json"),
    }
    BulletinRow.objects.update_or_create(pk=bulletin.id, defaults=fields)


def _tell(bulletin: Bulletin, step: _Step) -> None:
    facts = {"bulletin": bulletin.id, "kind": bulletin.kind, "audiences": list(bulletin.texts)}
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


@transaction.atomic
def _change_policy(fields: Mapping[str, Any], *, action: str, by: str, reason: str, now: datetime) -> None:
    PolicyRow.objects.update_or_create(pk=1, defaults=fields)
    audit(at=now, actor=by, action=action, subject="policy", facts={"reason": reason})
