"""What text messages may cost: a ceiling that asks before it is passed, and never delays a first word.

The ceiling counts messages to send, per outage and per month. What is neither a first word nor an end and would pass
it waits (`held_for="budget"`) until a duty officer allows more or the ceiling is raised; the question is put once, and
everything is audited.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.dispatch import Signal

from tocsin.audit.services import record
from tocsin.kernel.clock import in_brussels
from tocsin.notifications.errors import BudgetError
from tocsin.notifications.models import Allowance, AnnouncementRow, OutboxMessage
from tocsin.notifications.queries import WAITING
from tocsin.notifications.wakeup import wake

CHANNEL = "sms"
WAITING_FOR_BUDGET = WAITING & Q(held_for="budget")

ceiling_reached = Signal()
"""Sent with `period`, `thread`, `waiting` and `now` when text messages begin to wait, so that somebody is asked."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Text messages of one outage or month: how many were let out, how many may be, and how many wait."""

    period: str
    spent: int
    ceiling: int
    waiting: int


def hold_what_is_over_budget(row: AnnouncementRow, written: Any, *, now: datetime) -> None:
    """Hold back those of some messages just written that would pass the ceiling, in the caller's transaction."""
    if row.kind in {"first", "end", "retraction", "correction"}:
        return
    fresh = written.filter(WAITING, channel=CHANNEL, held_for="", opens_thread=False)
    over = [period for period in _periods(row.thread, now) if is_over(period, row.thread, now)]
    if over and (count := fresh.update(held_for="budget")):
        _ask(over[0], row.thread, waiting=count, now=now)


def is_over(period: str, thread: str, now: datetime) -> bool:
    """Say whether what was let out, with what is written, passes the ceiling of a period that has one."""
    spending = spending_of(period, thread, now)
    return spending is not None and spending.spent > spending.ceiling


def spending_of(period: str, thread: str, now: datetime) -> Spending | None:
    """Return where a period stands; None where the operator set no ceiling."""
    is_month = period != thread
    name = "sms_ceiling_per_month" if is_month else "sms_ceiling_per_incident"
    ceiling = getattr(settings.CONFIGURATION, name, 0)
    if not ceiling:
        return None
    rows = OutboxMessage.objects.filter(channel=CHANNEL, failed_at=None, withdrawn_at=None)
    month_start = in_brussels(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = rows.filter(created_at__gte=month_start) if is_month else rows.filter(announcement__thread=thread)
    counts = rows.aggregate(all=Count("pk"), held=Count("pk", filter=WAITING_FOR_BUDGET))
    more = Allowance.objects.filter(channel=CHANNEL, period=period).values_list("more", flat=True).first() or 0
    return Spending(period, counts["all"] - counts["held"], ceiling + more, counts["held"])


def allow(period: str, *, more: int, by: str, now: datetime) -> int:
    """Allow more text messages for an outage or a month and let go what waited; return how many that were.

    Raises `BudgetError` when nothing waits for that.
    """
    with transaction.atomic():
        row = Allowance.objects.select_for_update().filter(channel=CHANNEL, period=period).first()
        if row is None or more <= 0:
            raise BudgetError(period)
        Allowance.objects.filter(pk=row.pk).update(more=F("more") + more, asked_at=None)
        waiting = _waiting(period, now).order_by("priority", "pk").values_list("pk", flat=True)[:more]
        freed = OutboxMessage.objects.filter(pk__in=list(waiting)).update(held_for="")
        record(at=now, actor=by, action="budget.allowed", subject=period, facts={"more": more, "freed": freed})
        wake()
    return freed


def asked() -> list[Allowance]:
    """Return the questions that wait for an answer, oldest first."""
    return list(Allowance.objects.filter(asked_at__isnull=False).order_by("asked_at", "pk"))


def _waiting(period: str, now: datetime) -> Any:
    rows = OutboxMessage.objects.filter(WAITING_FOR_BUDGET, channel=CHANNEL)
    is_month = period == month_of(now)
    return rows if is_month else rows.filter(announcement__thread=period)


def month_of(now: datetime) -> str:
    """Return the name of a month, as Brussels counts it."""
    return in_brussels(now).strftime("%Y-%m")


def _periods(thread: str, now: datetime) -> tuple[str, str]:
    return thread, month_of(now)


def _ask(period: str, thread: str, *, waiting: int, now: datetime) -> None:
    row, is_new = Allowance.objects.get_or_create(channel=CHANNEL, period=period, defaults={"asked_at": now})
    if not is_new and row.asked_at is not None:
        return
    Allowance.objects.filter(pk=row.pk).update(asked_at=now)
    record(at=now, actor="policy", action="budget.asked", subject=period, facts={"thread": thread, "waiting": waiting})
    ceiling_reached.send(sender=None, period=period, thread=thread, waiting=waiting, now=now)
