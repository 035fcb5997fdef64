"""What text messages may cost: a ceiling that asks before it is passed, and never delays a first word.

The ceiling counts what is paid for: the parts that a long text is sent in, per outage and per month. What is neither a
first word nor an end and would pass it waits (`held_for="budget"`) until a duty officer allows more; the question is
put once, and everything is audited.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Sum
from django.dispatch import Signal

from tocsin.audit.services import record
from tocsin.kernel.clock import BRUSSELS, in_brussels
from tocsin.notifications.costs import TEXTS
from tocsin.notifications.errors import BudgetError
from tocsin.notifications.models import Allowance, OutboxMessage
from tocsin.notifications.queries import WAITING
from tocsin.notifications.wakeup import wake

WAITING_FOR_BUDGET = WAITING & Q(held_for="budget")

LONGER_THAN_A_MONTH = timedelta(days=32)

ceiling_reached = Signal()
"""Sent with `period`, `thread`, `waiting` and `now` when text messages begin to wait, so that somebody is asked."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Text messages of one outage or month, in parts: how many were let out, how many may be, and how many wait."""

    period: str
    spent: int
    ceiling: int
    waiting: int

    @property
    def room(self) -> int:
        """How many more may go; negative where first words and ends, which never wait, passed the ceiling."""
        return self.ceiling - self.spent


@dataclass(frozen=True, slots=True)
class Question:
    """A ceiling that was reached and that nobody has answered yet; `is_month`: a month's, not an outage's."""

    period: str
    is_month: bool
    asked_at: datetime
    spent: int
    ceiling: int
    waiting: int


def hold_what_is_over_budget(written: Any, *, kind: str, thread: str, now: datetime) -> None:
    """Hold back those of some messages just written that would pass the ceiling, in the caller's transaction.

    Those that wait for the morning as well still do once they are let go.
    """
    if kind in {"first", "end", "retraction", "correction"}:
        return
    fresh = written.filter(WAITING, channel=TEXTS, held_for__in=("", "quiet"), opens_thread=False)
    over = [period for period in _periods(thread, now) if is_over(period)]
    if over and fresh.update(held_for="budget"):
        for period in over:
            _ask(period, thread, now=now)


def is_over(period: str) -> bool:
    """Say whether what was let out, with what is written, passes the ceiling of a period that has one."""
    spending = spending_of(period)
    return spending is not None and spending.room < 0


def spending_of(period: str) -> Spending | None:
    """Return where an outage or a month stands; None where the operator set no ceiling."""
    name = "sms_ceiling_per_month" if is_month(period) else "sms_ceiling_per_incident"
    ceiling = getattr(settings.CONFIGURATION, name, 0)
    if not ceiling:
        return None
    rows = OutboxMessage.objects.filter(_within(period), channel=TEXTS, failed_at=None, withdrawn_at=None)
    counts = rows.aggregate(all=Sum("units", default=0), held=Sum("units", filter=WAITING_FOR_BUDGET, default=0))
    more = Allowance.objects.filter(channel=TEXTS, period=period).values_list("more", flat=True).first() or 0
    return Spending(period, counts["all"] - counts["held"], ceiling + more, counts["held"])


def allow(period: str, *, more: int, by: str, now: datetime) -> int:
    """Allow so many more text messages for an outage or a month, let go what waited, and return how many that were.

    It is counted from where the period stands: what first words took beyond the ceiling is not held against it. What
    the other ceiling holds goes on waiting, and that is asked then. Raises `BudgetError` when nothing was asked.
    """
    with transaction.atomic():
        row = Allowance.objects.select_for_update().filter(channel=TEXTS, period=period).first()
        if row is None or more <= 0:
            raise BudgetError(period)
        spending = spending_of(period)
        beyond = 0 if spending is None else max(0, -spending.room)
        Allowance.objects.filter(pk=row.pk).update(more=F("more") + beyond + more)
        freed = _let_go()
        record(at=now, actor=by, action="budget.allowed", subject=period, facts={"more": more, "freed": freed})
        _ask_for_the_rest(row, now=now)
        wake()
    return freed


def asked() -> list[Allowance]:
    """Return the questions that wait for an answer, oldest first."""
    return list(Allowance.objects.filter(asked_at__isnull=False).order_by("asked_at", "pk"))


def questions() -> list[Question]:
    """Return the same with where each period stands, for whoever decides; one whose messages are gone is left out."""
    found = []
    for row in asked():
        spending = spending_of(row.period) or Spending(row.period, 0, 0, _waiting_units(row.period))
        if row.asked_at is not None and spending.waiting:
            found.append(
                Question(
                    row.period,
                    is_month(row.period),
                    row.asked_at,
                    spent=spending.spent,
                    ceiling=spending.ceiling,
                    waiting=spending.waiting,
                )
            )
    return found


def month_of(now: datetime) -> str:
    """Return the name of a month, as Brussels counts it."""
    return in_brussels(now).strftime("%Y-%m")


def is_month(period: str) -> bool:
    """Say whether a period is a month (`2026-11`) and not an outage (whose name is longer)."""
    return re.fullmatch(r"\d{4}-\d{2}", period) is not None


def _within(period: str) -> Q:
    if not is_month(period):
        return Q(announcement__thread=period)
    start = datetime.strptime(period, "%Y-%m").replace(tzinfo=BRUSSELS)
    return Q(created_at__gte=start, created_at__lt=(start + LONGER_THAN_A_MONTH).replace(day=1))


def _periods(thread: str, at: datetime) -> tuple[str, str]:
    return thread, month_of(at)


def _waiting() -> Iterable[tuple[int, int, str, datetime]]:
    rows = OutboxMessage.objects.filter(WAITING_FOR_BUDGET, channel=TEXTS).order_by("priority", "pk")
    return rows.values_list("pk", "units", "announcement__thread", "created_at")


def _waiting_units(period: str) -> int:
    rows = OutboxMessage.objects.filter(_within(period), WAITING_FOR_BUDGET, channel=TEXTS)
    units: int = rows.aggregate(units=Sum("units", default=0))["units"]
    return units


def _let_go() -> int:
    """Let go what both ceilings have room for, most urgent first; return how many messages that were."""
    rooms: dict[str, int | None] = {}
    free = []
    for pk, units, thread, created_at in _waiting():
        periods = _periods(thread, created_at)
        for period in periods:
            if period not in rooms:
                spending = spending_of(period)
                rooms[period] = None if spending is None else spending.room
        if all((room := rooms[period]) is None or room >= units for period in periods):
            free.append(pk)
            rooms |= {period: room - units for period in periods if (room := rooms[period]) is not None}
    # Whoever waits for the morning as well is not due before.
    return OutboxMessage.objects.filter(pk__in=free).update(held_for="")


def _ask_for_the_rest(answered: Allowance, *, now: datetime) -> None:
    """Put the question of each ceiling that still holds something; `answered` is asked no longer unless it does."""
    smallest: dict[str, tuple[int, str]] = {}
    for _, units, thread, created_at in _waiting():
        for period in _periods(thread, created_at):
            smallest[period] = min(smallest.get(period, (units, thread)), (units, thread))
    lacking = {
        period: thread
        for period, (units, thread) in smallest.items()
        if (spending := spending_of(period)) is not None and spending.room < units
    }
    if answered.period not in lacking:
        Allowance.objects.filter(pk=answered.pk).update(asked_at=None)
    for period, thread in lacking.items():
        _ask(period, thread, now=now)


def _ask(period: str, thread: str, *, now: datetime) -> None:
    row, is_new = Allowance.objects.get_or_create(channel=TEXTS, period=period, defaults={"asked_at": now})
    if not is_new and row.asked_at is not None:
        return
    waiting = _waiting_units(period)
    Allowance.objects.filter(pk=row.pk).update(asked_at=now)
    record(at=now, actor="policy", action="budget.asked", subject=period, facts={"thread": thread, "waiting": waiting})
    ceiling_reached.send(sender=None, period=period, thread=thread, waiting=waiting, now=now)
