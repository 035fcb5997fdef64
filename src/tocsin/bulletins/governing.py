"""Changing the policy: hold and release, levels of approval, and earning automation by a reviewed shadow.

Every change is audited with who and why. Automation stays locked until the shadow drafts of four weeks were reviewed
(`rules.shadow`); an unofficial demonstration or a replay may be unlocked as just that, which the audit log says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from tocsin.audit.services import record as audit
from tocsin.bulletins import queries
from tocsin.bulletins.errors import AutomationLockedError, PolicyValueError, UnknownBulletinError
from tocsin.bulletins.models import PolicyRow, ShadowDay, ShadowDraftRow
from tocsin.bulletins.rules.approval import LEVELS, SEVERITIES, severity
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.shadow import counted, missing, share_right
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.reasons import Reason

HOLDING = ("automatic", "ask")
SECOND_FACTOR = ("on", "off")
VERDICTS = ("agree", "disagree")
_REMARK_LENGTH = 2000


def hold(*, by: str, reason: str = "", now: datetime) -> None:
    """Stop every automatic publication and activation at once, until released. Holding twice is no error."""
    _change({"is_held": True}, _PolicyAct("policy.held", by, now, reason))


def release(*, by: str, reason: str = "", now: datetime) -> None:
    """Let automatic publication and activation go on, as far as automation is unlocked."""
    _change({"is_held": False}, _PolicyAct("policy.released", by, now, reason))


def unlock_automation(*, by: str, reason: str = "", now: datetime, demonstration: bool = False) -> None:
    """Let the policy publish by itself what passes its tests.

    Raises `AutomationLockedError`, naming what is missing, until four weeks of shadow drafts were reviewed.
    `demonstration` passes over that where nothing official is at stake: no authority, or a replay.
    """
    record = queries.shadow_record()
    today = in_brussels(now).date()
    lacking = missing(record, today=today)
    is_excused = demonstration and queries.is_demonstration()
    if lacking and not is_excused:
        raise AutomationLockedError(lacking)
    recent = counted(record, today=today)
    earned = {"days": len(recent.days), "drafts": len(recent.drafts), "right_share": share_right(recent.drafts)}
    _change({"automation": "automatic"}, _PolicyAct("policy.unlocked", by, now, reason, earned | _excuse(lacking)))


def _excuse(lacking: Sequence[Reason]) -> dict[str, Any]:
    return {"demonstration": True, "missing": [reason.code for reason in lacking]} if lacking else {}


def lock_automation(*, by: str, reason: str = "", now: datetime) -> None:
    """Let nothing out without a click."""
    _change({"automation": "manual"}, _PolicyAct("policy.locked", by, now, reason))


@transaction.atomic
def set_approvals(levels: Mapping[str, str], *, by: str, reason: str = "", now: datetime) -> None:
    """Say who must agree for each of these severities. Raises `PolicyValueError` for one that there is not."""
    for severity_, level in levels.items():
        _known("severity", severity_, SEVERITIES)
        _known("level of approval", level, LEVELS)
    row, _ = PolicyRow.objects.select_for_update().get_or_create(pk=1)
    facts = {"levels": dict(levels)}
    _change({"approvals": {**row.approvals, **levels}}, _PolicyAct("policy.approvals_set", by, now, reason, facts))


def set_holding(holding: str, *, by: str, reason: str = "", now: datetime) -> None:
    """Say whether a promised update that nobody approved goes out by itself. Raises `PolicyValueError`."""
    _known("way of holding", holding, HOLDING)
    _change({"holding": holding}, _PolicyAct("policy.holding_set", by, now, reason, {"holding": holding}))


def set_quiet_hours(hours: Mapping[str, Any], *, by: str, reason: str = "", now: datetime) -> None:
    """Say when messages may wait until the morning; `hours` as `notifications.rules.quiet.stored` writes them."""
    _change({"quiet": dict(hours)}, _PolicyAct("policy.quiet_set", by, now, reason, {"quiet": dict(hours)}))


def set_second_factor(needed: str, *, by: str, reason: str = "", now: datetime) -> None:
    """Say whether a second factor must be shown before words go out (`on`, `off`). Raises `PolicyValueError`."""
    _known("way of approving", needed, SECOND_FACTOR)
    is_on = needed == "on"
    _change({"second_factor": is_on}, _PolicyAct("policy.second_factor_set", by, now, reason, {"needed": is_on}))


@transaction.atomic
def note_shadow(drafts: Mapping[str, tuple[Bulletin, Sequence[Reason]]], *, now: datetime) -> None:
    """Keep what automation would publish now, were it unlocked: drafted, scored, not sent; each of them once.

    The day is noted in any case: a quiet day of looking counts too. Exercises prove nothing and are left out.
    """
    ShadowDay.objects.get_or_create(day=in_brussels(now).date())
    policy = queries.policy()
    for bulletin, reasons in drafts.values():
        if bulletin.is_drill:
            continue
        ShadowDraftRow.objects.get_or_create(
            bulletin=bulletin.id,
            defaults={
                "incident": bulletin.incident,
                "kind": bulletin.kind,
                "severity": severity(bulletin, crucial=policy.crucial),
                "at": now,
                "score": queries.score(bulletin),
                "reasons": [reason.to_json() for reason in reasons],
                "content": queries.adapter().dump_python(bulletin, mode="json"),
            },
        )


@transaction.atomic
def review_shadow(bulletin_id: str, verdict: str, *, by: str, now: datetime, remark: str = "") -> None:
    """Say whether a shadow draft should have gone out just so; a later word replaces an earlier one, on the record.

    Raises `UnknownBulletinError`, or `PolicyValueError` for a verdict that is none.
    """
    _known("verdict", verdict, VERDICTS)
    row = ShadowDraftRow.objects.select_for_update().filter(pk=bulletin_id).first()
    if row is None:
        raise UnknownBulletinError(bulletin_id)
    row.verdict, row.remark, row.reviewed_by, row.reviewed_at = verdict, remark.strip()[:_REMARK_LENGTH], by, now
    row.save(update_fields=["verdict", "remark", "reviewed_by", "reviewed_at"])
    facts = {"verdict": verdict, "remark": row.remark}
    audit(at=now, actor=by, action="shadow.reviewed", subject=bulletin_id, facts=facts)


@dataclass(frozen=True, slots=True)
class _PolicyAct:
    """A change of the policy: its name in the audit log, who, when, why, what."""

    action: str
    by: str
    now: datetime
    reason: str
    facts: Mapping[str, Any] | None = None


def _known(what: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise PolicyValueError(what, value, known=known)


@transaction.atomic
def _change(fields: Mapping[str, Any], act: _PolicyAct) -> None:
    PolicyRow.objects.update_or_create(pk=1, defaults=fields)
    facts = {"reason": act.reason, **(act.facts or {})}
    audit(at=act.now, actor=act.by, action=act.action, subject="policy", facts=facts)
