"""Has automation earned its trust? What it would have published is kept, scored and not sent; people judge each one.

A shadow draft is one that the policy would have let out, had automation been unlocked. Automation may be unlocked once
four weeks of such operation were reviewed, draft by draft; days on which nothing looked do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from tocsin.bulletins.rules.model import Severity
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.reasons import Reason

DAYS = 28
"""Four weeks: every hour of the week four times."""

MOSTLY_RIGHT = 0.95
"""At most one draft in twenty may have been judged wrong: four weeks of mistakes, all reviewed, earn nothing."""

WITHIN = timedelta(days=56)
"""Older days speak of an older Tocsin: they count no longer."""

type Verdict = Literal["", "agree", "disagree"]
"""What the operator who reviewed it says: should it have gone out just so?"""

type Fate = Literal["published", "edited", "discarded", "superseded", "waits"]
"""What people then did with the draft."""


@dataclass(frozen=True, slots=True)
class ShadowDraft:
    """One draft that automation would have published at `at`.

    `score` is the plain-language score of its worst text (None: it could not be scored); `human_after` how much later
    a person published it, None when nobody did.
    """

    bulletin: str
    incident: str
    kind: str
    severity: Severity
    at: datetime
    score: int | None
    fate: Fate
    human_after: timedelta | None
    verdict: Verdict = ""
    remark: str = ""
    reviewed_by: str = ""
    reviewed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The days on which automation ran in the shadow, and what it would have published."""

    days: tuple[date, ...]
    drafts: tuple[ShadowDraft, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """What one week (from its Monday) brought."""

    monday: date
    days: int
    drafts: int
    right: int
    wrong: int

    @property
    def unreviewed(self) -> int:
        """Return how many nobody has judged yet."""
        return self.drafts - self.right - self.wrong


def counted(record: Record, *, today: date) -> Record:
    """Return the part of the record that is recent enough to count."""
    since = today - WITHIN
    return Record(
        days=tuple(day for day in record.days if since < day <= today),
        drafts=tuple(draft for draft in record.drafts if since < in_brussels(draft.at).date() <= today),
    )


def missing(record: Record, *, today: date) -> tuple[Reason, ...]:
    """Return what still keeps automation locked; nothing when it has earned its trust."""
    recent = counted(record, today=today)
    found = []
    if len(recent.days) < DAYS:
        found.append(Reason("shadow.too_short", {"days": len(recent.days), "needed": DAYS}))
    if not recent.drafts:
        found.append(Reason("shadow.nothing_drafted"))
    unreviewed = sum(not draft.verdict for draft in recent.drafts)
    if unreviewed:
        found.append(Reason("shadow.unreviewed", {"drafts": unreviewed}))
    right = share_right(recent.drafts)
    if right is not None and right < MOSTLY_RIGHT:
        found.append(Reason("shadow.too_often_wrong", {"right_share": right, "needed_share": MOSTLY_RIGHT}))
    return tuple(found)


def weeks(record: Record) -> tuple[Week, ...]:
    """Return the record week by week, latest first."""
    mondays = {_monday(day) for day in record.days} | {_monday(in_brussels(each.at).date()) for each in record.drafts}
    return tuple(_week(monday, record) for monday in sorted(mondays, reverse=True))


def share_right(drafts: Sequence[ShadowDraft]) -> float | None:
    """Return the share of the reviewed drafts that were judged right; None while none is reviewed."""
    judged = [draft for draft in drafts if draft.verdict]
    return sum(draft.verdict == "agree" for draft in judged) / len(judged) if judged else None


def _week(monday: date, record: Record) -> Week:
    own = [draft for draft in record.drafts if _monday(in_brussels(draft.at).date()) == monday]
    return Week(
        monday=monday,
        days=sum(_monday(day) == monday for day in record.days),
        drafts=len(own),
        right=sum(draft.verdict == "agree" for draft in own),
        wrong=sum(draft.verdict == "disagree" for draft in own),
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
