"""Quiet hours: may this message wait until the morning? Where in doubt, never.

Nobody is spared the night at a patient's cost. Hospitals, guard posts and duty pharmacies are never silenced; nor is
anybody kept from a first "does not work", from news that it now does not work at all, or from a correction of what
they may be acting on. What can wait, waits until the morning and is then sent: nothing is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tocsin.kernel.clock import BRUSSELS, in_brussels
from tocsin.kernel.errors import InputError

NEVER_SILENCED = frozenset({"hospital"})
"""Audiences that work at every hour, whatever the policy says."""

WITH_DUTY_SERVICE = frozenset({"doctor", "pharmacist"})
"""Some of them are on duty at night (guard posts, duty pharmacies): only who says that they are not can be silenced."""

NEVER_WAITS = frozenset({"correction"})
"""Kinds that mend what a reader may be acting on at this moment."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When which audiences may be left in peace, on the clocks of Brussels; `start` may be later than `end` (a night).

    `audiences` are those that may be silenced, `kinds` the kinds of message that may wait.
    """

    start: time = time(22)
    end: time = time(7)
    audiences: tuple[str, ...] = ("doctor", "pharmacist", "nurse", "midwife", "dentist", "laboratory")
    kinds: tuple[str, ...] = ("first", "update", "holding", "retraction", "end")


SHIPPED = QuietHours()


def is_quiet(
    subscription_audience: str,
    kind: str,
    state: str,
    at: datetime,
    *,
    hours: QuietHours = SHIPPED,
    is_on_duty: bool | None = None,
) -> datetime | None:
    """Return until when the message must wait (UTC), or None when it may go out now.

    `is_on_duty` is what the subscriber says of themselves; who did not say counts as on duty wherever their
    profession has a duty service.
    """
    if subscription_audience not in hours.audiences or _is_awake(subscription_audience, is_on_duty):
        return None
    if kind not in hours.kinds or kind in NEVER_WAITS or _breaks_work(kind, state):
        return None
    return _until(at, hours)


def _is_awake(audience: str, is_on_duty: bool | None) -> bool:  # noqa: FBT001 three answers: yes, no, not said
    if audience in NEVER_SILENCED or is_on_duty:
        return True
    return audience in WITH_DUTY_SERVICE and is_on_duty is None


def _breaks_work(kind: str, state: str) -> bool:
    # An update that says "does not work" may be the first that says so: it was "disrupted" before.
    return kind in {"first", "update"} and state == "down"


def _until(at: datetime, hours: QuietHours) -> datetime | None:
    local = in_brussels(at)
    is_night = hours.start > hours.end
    evening, morning = local.time() >= hours.start, local.time() < hours.end
    if not ((evening or morning) if is_night else (evening and morning)):
        return None
    day = local.date() + (timedelta(days=1) if is_night and evening else timedelta())
    return datetime.combine(day, hours.end, tzinfo=BRUSSELS).astimezone(UTC)


def stored(hours: QuietHours) -> dict[str, object]:
    """Return the policy as it is stored: plain values."""
    return {
        "start": hours.start.isoformat("minutes"),
        "end": hours.end.isoformat("minutes"),
        "audiences": list(hours.audiences),
        "kinds": list(hours.kinds),
    }


def asked_for(*, start: str, end: str, audiences: Sequence[str]) -> QuietHours:
    """Return the hours as somebody wrote them ("22:00"); raises `InputError` for a time that is none, or a length of 0.

    Audiences that are never silenced are left out, whatever was asked.
    """
    try:
        begin, finish = time.fromisoformat(start), time.fromisoformat(end)
    except ValueError as error:
        raise InputError("policy.quiet_hours", "A time is written 22:00.", hint="Mend it.") from error
    if begin == finish or begin.tzinfo is not None or finish.tzinfo is not None:
        raise InputError("policy.quiet_hours", "Quiet hours begin and end at different times of the day.")
    may = tuple(audience for audience in audiences if audience not in NEVER_SILENCED)
    return QuietHours(start=begin, end=finish, audiences=may)


def read(given: Mapping[str, object]) -> QuietHours:
    """Read a stored policy back; what is missing is as shipped. Raises `ValueError` for a time that is none."""
    audiences, kinds = given.get("audiences"), given.get("kinds")
    return QuietHours(
        start=time.fromisoformat(str(given.get("start", SHIPPED.start.isoformat("minutes")))),
        end=time.fromisoformat(str(given.get("end", SHIPPED.end.isoformat("minutes")))),
        audiences=tuple(map(str, audiences)) if isinstance(audiences, list | tuple) else SHIPPED.audiences,
        kinds=tuple(map(str, kinds)) if isinstance(kinds, list | tuple) else SHIPPED.kinds,
    )
