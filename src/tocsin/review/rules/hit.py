"""Who and what was hit, estimated from the pack's national denominators. Nobody counted them: always a range.

**Professionals** of an audience, out of its population P = [low, high]:
    low  = P.low × (working hours hit ÷ 10), at most P.low; high = P.high, if a working hour was hit at all,
    else P.high × share of the load outside working hours.
A professional's working day is taken as ten hours, and their use of a function as spread evenly over it: who works
when an outage lasts an hour meets it with a chance of at least one in ten; at most, everybody tried.

**Transactions** of a function, out of its monthly load T = [low, high]:
    low  = T.low × share of the month × share failing at least; high = T.high × 2 × share of the month × 1.
The share of the month: 80 % of the load falls in 250 working days a year of ten hours (8:00 to 18:00 in the
federation's time), the rest evenly on all other hours: an inference of the pack's authors, not a measurement. Twice,
because mornings and Mondays are busier than the mean working hour (said by the press of the 2020 and 2024 outages,
nowhere in figures). At least failing: half of them while a function does not work, none while it is disrupted (they
may only have waited).

Where only some packages or regions were hit the low end is 0, for no pack knows their shares. Public holidays count
as working days.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.intervals import Span
from tocsin.review.rules.model import Estimate

WORKDAY_HOURS = 10
FIRST_HOUR, LAST_HOUR = 8, 18
_WORKDAYS_A_WEEK = 5
_WORKING_HOURS_A_MONTH = 250 * WORKDAY_HOURS / 12
_OTHER_HOURS_A_MONTH = 365.25 * 24 / 12 - _WORKING_HOURS_A_MONTH
WORKING_SHARE = 0.8
BUSIEST = 2
FAILING_AT_LEAST = {State.DOWN: 0.5}


def hours_hit(span: Span, *, now: datetime, timezone: str) -> tuple[float, float]:
    """Return how many working hours and how many other hours a span covers."""
    working = other = timedelta(0)
    for start, end in _by_the_hour(span.start, span.end or now):
        local = start.astimezone(ZoneInfo(timezone))
        if local.weekday() < _WORKDAYS_A_WEEK and FIRST_HOUR <= local.hour < LAST_HOUR:
            working += end - start
        else:
            other += end - start
    return working / timedelta(hours=1), other / timedelta(hours=1)


def professionals(incident: Incident, *, span: Span, pack: Pack, now: datetime) -> dict[str, Estimate]:
    """Estimate, for each audience hit, how many of it were; the formula stands at the top of this module."""
    working_hours, _ = hours_hit(span, now=now, timezone=pack.timezone)
    estimates = {}
    for audience in audiences_hit(incident, pack=pack):
        population = pack.audiences[audience].population
        low = population.low * min(1.0, working_hours / WORKDAY_HOURS)
        high = population.high if working_hours > 0 else population.high * (1 - WORKING_SHARE)
        estimates[audience] = Estimate(0 if _is_partial(incident) else int(low), ceil(high), (population.source,))
    return estimates


def transactions(incident: Incident, *, span: Span, pack: Pack, now: datetime) -> dict[str, Estimate]:
    """Estimate, for each function hit whose load the pack knows, how many transactions failed or had to wait."""
    working_hours, other_hours = hours_hit(span, now=now, timezone=pack.timezone)
    share = WORKING_SHARE * working_hours / _WORKING_HOURS_A_MONTH
    share += (1 - WORKING_SHARE) * other_hours / _OTHER_HOURS_A_MONTH
    at_least = 0.0 if _is_partial(incident) else FAILING_AT_LEAST.get(incident.state, 0.0)
    estimates = {}
    for name in incident.functions:
        load = pack.functions[name].transactions_per_month if name in pack.functions else None
        if load is not None:
            low, high = load.low * share * at_least, load.high * min(1.0, share * BUSIEST)
            estimates[name] = Estimate(int(low), ceil(high), (load.source,))
    return estimates


def audiences_hit(incident: Incident, *, pack: Pack) -> tuple[str, ...]:
    """Return the audiences hit, in pack order; an incident that names none hits all that its functions have."""
    of_functions = {
        audience for name in incident.functions if name in pack.functions for audience in pack.functions[name].audiences
    }
    named = of_functions if incident.audiences is None else of_functions.intersection(incident.audiences)
    return _in_order(pack.audiences, named)


def _in_order(order: Iterable[str], chosen: set[str]) -> tuple[str, ...]:
    return tuple(item for item in order if item in chosen)


def _is_partial(incident: Incident) -> bool:
    return incident.packages is not None or incident.regions is not None


def _by_the_hour(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    # Whole hours of UTC are whole hours of the federation's time too.
    while start < end:
        next_hour = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        yield start, min(next_hour, end)
        start = next_hour
