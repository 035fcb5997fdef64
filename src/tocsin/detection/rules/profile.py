"""What is usual: learnt from five-minute sums of the past weeks, per vantage and service.

Robust on purpose. History holds holidays and past incidents, its level may differ from today's, and its durations
are coarse. So: holidays are left out of the daily course, the worst days out of the usual shares, and whoever uses
the profile adjusts its level. Without history the profile is a cautious guess that says so (`is_known`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tocsin.catalog.rules.calendar import Calendar, DayClass
from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.course import (
    COURSES,
    DAY_SLOTS,
    NOON,
    SLOT_S,
    Days,
    Moments,
    course_of,
    daily_course,
    slot_of,
)
from tocsin.detection.rules.credence import NOBODY_KNOWN, Credence
from tocsin.observations.rules.model import DURATION_BINS, DURATION_EDGES_MS, VANTAGES, Outcome, Rollups

type Numbers = NDArray[np.float64]

_GUESSED_SHARES = np.array([0.984, 0.01, 0.004, 0.002])
"""Usual shares before anything is known; also what little history is shrunk towards."""
_PRIOR_CALLS = 500.0
"""How many calls that guess is worth: enough to keep ten calls from deciding, too few to matter after a day."""
_WORST_DAYS = 0.2
"""Part of the days, those with the highest share, that is left out: past incidents are not usual."""
_SPREAD_FLOOR, _SPREAD_CEILING = 1e-4, 0.05
"""Correlation between calls: never taken for none, and never so large that a total failure would go unseen."""
_UNMEASURED = 0.1
"""A tenth more variance than chance is never excluded: the worst hundredth of the slots is left out of the estimate."""
_SLOW_QUANTILE = 0.9
_SLOW_TIMES_MEDIAN = 1.5
"""Slow is what is above nine usual answers in ten, and at least half as long again as the usual one: when everything
takes that much longer, most answers are slow."""
_SLOW_SHARE_FLOOR = 0.15
"""History's durations are coarse and give no tails, so one answer in seven may be slow without meaning anything."""
_QUICK_QUANTILE, _QUICK_PART, _QUICK_OF_MEDIAN = 0.01, 0.5, 0.33
"""Too quick to be real: half of what all but one in a hundred took at least, and a third of the usual answer."""
_MIN_CALLS_KNOWN = 200.0


@dataclass(frozen=True, slots=True)
class Profile:
    """The usual, indexed [vantage, service]; services in pack order, then others by first appearance.

    `shares` and `spread` are per outcome (columns as `Outcome`); `slow_from_bin` is the first duration bin that counts
    as slow and `slow_share` the usual share there; `quick_before_bin` is the first that is not too quick to be real;
    `typical_ms` the usual median. `rates` are expected calls a second per five-minute slot of each course (the
    weekdays, then public holidays), `factors` what days of a class bring of that, `rate_spread` the usual relative
    variance of five minutes per local hour. `credence` says how far members, probes and partners are to be believed.
    """

    timezone: str
    services: tuple[str, ...]
    calls: Numbers
    shares: NDArray[np.float64]
    spread: NDArray[np.float64]
    typical_ms: Numbers
    slow_from_bin: NDArray[np.int64]
    slow_share: Numbers
    quick_before_bin: NDArray[np.int64]
    rates: NDArray[np.float64]
    rate_spread: NDArray[np.float64]
    factors: Mapping[DayClass, Numbers]
    calendar: Calendar
    credence: Credence = NOBODY_KNOWN

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Say for which vantage and service enough was seen to know what is usual."""
        return self.calls >= _MIN_CALLS_KNOWN

    def rates_over(self, moments: Sequence[datetime]) -> NDArray[np.float64]:
        """Return the calls a second expected at each moment, [vantage, service, moment], before today's level.

        Between the middles of two slots it is in between: an expectation does not jump every five minutes.
        """
        zone = ZoneInfo(self.timezone)
        local = [moment.astimezone(zone) for moment in moments]
        days = {day: self._course_and_class(day) for day in dict.fromkeys(moment.date() for moment in local)}
        base = np.array([days[moment.date()][0] * DAY_SLOTS for moment in local])
        at = np.array([_slots_into_day(moment) for moment in local]) - 0.5
        before = np.clip(np.floor(at), 0, DAY_SLOTS - 1).astype(np.int64)
        after = np.minimum(before + 1, DAY_SLOTS - 1)
        weight = np.clip(at - before, 0.0, 1.0)
        rates = self.rates[..., base + before] * (1.0 - weight) + self.rates[..., base + after] * weight
        for day, (_, kind) in days.items():
            if kind in self.factors:
                is_in = np.array([moment.date() == day for moment in local])
                is_in &= (at >= NOON) | (kind is not DayClass.EVE)
                share = self.calendar.school_share(day) if kind is DayClass.SCHOOL else 1.0
                rates = np.where(is_in, rates * self.factors[kind][..., None] ** share, rates)
        return np.asarray(rates)

    def rate_spread_at(self, moment: datetime) -> Numbers:
        """Return the usual relative variance of a five-minute expectation at that hour, [vantage, service]."""
        return np.asarray(self.rate_spread[..., moment.astimezone(ZoneInfo(self.timezone)).hour])

    def _course_and_class(self, day: date) -> tuple[int, DayClass]:
        return course_of(day, self.calendar), self.calendar.class_of(day)


def _slots_into_day(local: datetime) -> float:
    return slot_of(local) % DAY_SLOTS + (local.minute * 60 + local.second) % SLOT_S / SLOT_S


def learn(history: Rollups, *, pack: Pack, troubled: Sequence[Moments] = ()) -> Profile:
    """Return what is usual according to the history, which may be empty.

    What lies within the `troubled` spans (past incidents, from the first user hit to the end) teaches nothing.
    """
    services = tuple(dict.fromkeys((*pack.services, *history.services)))
    place = np.array([services.index(name) for name in history.services], np.int64)
    codes = np.array([[eye.value for eye in VANTAGES].index(name) for name in history.vantages], np.int64)
    series = codes[history.vantage] * len(services) + place[history.service] if len(history) else np.zeros(0, np.int64)
    shape = (len(VANTAGES), len(services))
    days = daily_course(
        history.bucket_s,
        series,
        history.outcomes,
        parent=np.repeat(np.arange(shape[0]), shape[1]),
        timezone=pack.timezone,
        calendar=pack.calendar,
        troubled=troubled,
    )
    # Column by column: adding row by row is several times slower.
    size = shape[0] * shape[1]
    columns = [np.bincount(series, history.durations[:, column], size) for column in range(DURATION_BINS)]
    durations = np.stack(columns, axis=1)
    return _profile(days, durations, services=services, pack=pack)


def _profile(days: Days, durations: Numbers, *, services: tuple[str, ...], pack: Pack) -> Profile:
    shape = (len(VANTAGES), len(services))
    shares, spread = _usual_shares(days.outcomes * days.is_covered[None, :, :, None])
    typical_ms, slow_from_bin, slow_share = _usual_durations(durations)
    return Profile(
        timezone=pack.timezone,
        services=services,
        calls=days.outcomes.sum(axis=(1, 2, 3)).reshape(shape),
        shares=shares.reshape(*shape, len(Outcome)),
        spread=spread.reshape(*shape, len(Outcome)),
        typical_ms=typical_ms.reshape(shape),
        slow_from_bin=slow_from_bin.reshape(shape),
        slow_share=slow_share.reshape(shape),
        quick_before_bin=_quick_before_bin(durations).reshape(shape),
        rates=(days.courses / SLOT_S).reshape(*shape, COURSES * DAY_SLOTS),
        rate_spread=days.spread_by_hour.reshape(*shape, 24),
        factors={kind: factor.reshape(shape) for kind, factor in days.factors.items()},
        calendar=pack.calendar,
    )


def _usual_shares(outcomes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return usual share and spread per series and outcome, from counts [series, day, slot, outcome]."""
    per_day = outcomes.sum(axis=2)
    calls = per_day.sum(axis=2)
    shares = np.tile(_GUESSED_SHARES, (outcomes.shape[0], 1))
    spread = np.full(shares.shape, _SPREAD_FLOOR)
    if not calls.any():
        return shares, spread
    for outcome in (Outcome.REJECTED, Outcome.ERROR, Outcome.TIMEOUT):
        kept = _without_worst_days(per_day[:, :, outcome], calls)
        bad = (per_day[:, :, outcome] * kept).sum(axis=1) + _GUESSED_SHARES[outcome] * _PRIOR_CALLS
        shares[:, outcome] = bad / ((calls * kept).sum(axis=1) + _PRIOR_CALLS)
        spread[:, outcome] = _share_spread(outcomes[..., outcome], outcomes.sum(axis=3), shares[:, outcome])
    shares[:, Outcome.OK] = 1.0 - shares[:, 1:].sum(axis=1)
    return shares, spread


def _without_worst_days(bad: Numbers, calls: Numbers) -> NDArray[np.bool_]:
    share = np.where(calls > 0, bad / np.maximum(calls, 1.0), np.nan)
    kept = np.zeros(share.shape, bool)
    some = (calls > 0).any(axis=1)
    limit = np.nanquantile(share[some], 1.0 - _WORST_DAYS, axis=1, keepdims=True)
    kept[some] = share[some] <= limit
    return kept


def _share_spread(bad: Numbers, calls: Numbers, usual: Numbers) -> Numbers:
    """Estimate how much calls of one five minutes go together: the part of the variance that chance leaves over."""
    usual = usual[:, None, None]
    variance = np.maximum(calls * usual * (1.0 - usual), 1e-9)
    squares = np.where(calls > 0, (bad - calls * usual) ** 2 / variance, np.nan).reshape(bad.shape[0], -1)
    slots = (calls > 0).reshape(bad.shape[0], -1).sum(axis=1)
    limit = _quantile(squares, 0.99)
    core = np.where(squares <= limit[:, None], squares, np.nan)
    ratio = np.nansum(core, axis=1) / np.maximum(np.isfinite(core).sum(axis=1), 1)
    mean_calls = calls.reshape(bad.shape[0], -1).sum(axis=1) / np.maximum(slots, 1)
    others = np.maximum(mean_calls - 1.0, 1.0)
    spread = np.maximum(ratio - 1.0, 0.0) / others + np.minimum(_UNMEASURED / others, _SPREAD_FLOOR)
    return np.asarray(np.where(slots > 0, np.minimum(spread, _SPREAD_CEILING), _SPREAD_FLOOR))


def _quantile(values: Numbers, level: float) -> Numbers:
    """Return the quantile of each row over its finite values, infinity for a row without any."""
    result = np.full(values.shape[0], np.inf)
    some = np.isfinite(values).any(axis=1)
    if some.any():
        result[some] = np.nanquantile(values[some], level, axis=1)
    return result


def _usual_durations(durations: NDArray[np.float64]) -> tuple[Numbers, NDArray[np.int64], Numbers]:
    """Return, per series: the usual median, the first bin that counts as slow, and the usual share from there on."""
    total = durations.sum(axis=1, keepdims=True)
    reached = np.cumsum(durations, axis=1) / np.maximum(total, 1.0)
    middle = np.argmax(reached >= 0.5, axis=1)  # noqa: PLR2004  # the median
    typical_ms = np.sqrt(DURATION_EDGES_MS[middle] * DURATION_EDGES_MS[middle + 1])
    above_nearly_all = np.argmax(reached >= _SLOW_QUANTILE, axis=1) + 1
    above_typical = np.searchsorted(DURATION_EDGES_MS, typical_ms * _SLOW_TIMES_MEDIAN)
    slow_from_bin = np.minimum(np.maximum(above_nearly_all, above_typical), DURATION_BINS)
    beyond = np.where(np.arange(DURATION_BINS) >= slow_from_bin[:, None], durations, 0.0).sum(axis=1)
    share = np.maximum(beyond / np.maximum(total[:, 0], 1.0), _SLOW_SHARE_FLOOR)
    unknown = total[:, 0] < _MIN_CALLS_KNOWN
    return (
        np.where(unknown, np.nan, typical_ms),
        np.where(unknown, DURATION_BINS, slow_from_bin).astype(np.int64),
        np.where(unknown, 1.0, share),
    )


def _quick_before_bin(durations: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return, per series, the first bin that is not too quick: half of what nearly all took, a third of the usual."""
    total = durations.sum(axis=1)
    reached = np.cumsum(durations, axis=1) / np.maximum(total, 1.0)[:, None]
    soonest = DURATION_EDGES_MS[np.argmax(reached >= _QUICK_QUANTILE, axis=1)] * _QUICK_PART
    middle = np.argmax(reached >= 0.5, axis=1)  # noqa: PLR2004  # the median
    typical = DURATION_EDGES_MS[middle] * _QUICK_OF_MEDIAN
    before = np.searchsorted(DURATION_EDGES_MS, np.minimum(soonest, typical), side="right") - 1
    return np.where(total < _MIN_CALLS_KNOWN, 0, np.maximum(before, 0)).astype(np.int64)
