"""Honest availability: numbers and tails by users' clock and by ours, false alarms counted, exercises in no figure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bulletin_cases import SINCE, belgium, closed, due, first, incident
from tocsin.bulletins.rules.model import Bulletin
from tocsin.detection.rules.model import State, Subject
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.review.rules.availability import (
    OTHER_WEIGHT,
    WORKING_WEIGHT,
    Availability,
    FunctionRecord,
    Morning,
    availability,
)
from tocsin.review.rules.model import PageState, Past, Publication, StateChange

HOUR = timedelta(hours=1)
OVER = SINCE + timedelta(minutes=70)
UNTIL = datetime(2020, 2, 10, 12, tzinfo=UTC)


def outage(**fields: object) -> Incident:
    """From 8:40 until 9:40, closed at 9:50."""
    given = {name: value for name, value in fields.items() if name not in {"hit_since", "over_at"}}
    begin = fields.get("hit_since", SINCE)
    at = fields.get("over_at", OVER)
    assert isinstance(begin, datetime)
    assert isinstance(at, datetime)
    return closed(incident(hit_since=begin, opened_at=begin + timedelta(minutes=2), **given), at=at)


def going_on(one: Incident) -> Incident:
    return replace(one, phase=Phase.CONFIRMED, phase_since=one.opened_at, closed_at=None, good_since=None)


def told(one: Incident) -> tuple[Publication, ...]:
    opening = first(going_on(one), now=one.opened_at)
    assert one.closed_at is not None
    (end,) = due(one, happened="closed", published=(opening,), now=one.closed_at)
    return Publication(one.opened_at, opening), Publication(one.closed_at, end)


def figures(
    *incidents: Incident,
    publications: tuple[Publication, ...] = (),
    changes: tuple[StateChange, ...] = (),
    pages: tuple[PageState, ...] = (),
    until: datetime = UNTIL,
) -> Availability:
    past = Past(incidents=incidents, publications=publications, pages=pages, changes=changes, until=until)
    return availability(past, pack=belgium())


def only(known: Availability) -> FunctionRecord:
    (record,) = known.year.functions
    return record


def test_nothing_known_is_nothing_claimed() -> None:
    known = figures()

    assert known.since is None
    assert known.year.functions == ()
    assert [len(period.functions) for period in known.months] == [0] * 12


def test_an_outage_is_counted_by_both_clocks() -> None:
    record = only(figures(outage(), publications=told(outage())))

    assert (record.function, record.outages, record.false_alarms) == ("dispense", 1, 0)
    assert record.felt == record.longest == HOUR
    assert record.official == timedelta(minutes=68), "from the first word until the last: we were slow to end it"


def test_an_outage_nobody_was_told_of_was_felt_all_the_same() -> None:
    record = only(figures(outage()))

    assert (record.felt, record.official) == (HOUR, timedelta(0))


def test_a_false_alarm_is_counted_as_one_and_was_not_felt() -> None:
    opening = first(going_on(outage()), now=SINCE + timedelta(minutes=2))
    back = replace(opening, id="b2", kind="retraction", state=State.OK)
    known = figures(
        outage(),
        publications=(Publication(SINCE + timedelta(minutes=2), opening), Publication(SINCE + HOUR / 2, back)),
    )
    record = only(known)

    assert (record.outages, record.false_alarms, known.year.false_alarms) == (0, 1, 1)
    assert (record.felt, record.longest, record.mornings) == (timedelta(0), timedelta(0), ())
    assert record.official == timedelta(minutes=28), "readers did believe it"


def test_exercises_are_counted_and_in_no_figure() -> None:
    known = figures(outage(is_drill=True))

    assert known.year.drills == 1
    assert known.year.functions == ()
    assert known.year.incidents == ("2020-01-28-1",)


def test_what_goes_on_is_in_no_figure_yet() -> None:
    assert figures(incident()).year.functions == ()
    assert figures(incident()).year.incidents == ()


def test_the_longest_is_one_outage_and_not_the_sum() -> None:
    later = outage(id="2020-01-29-1", hit_since=SINCE + timedelta(days=1), over_at=OVER + timedelta(days=1, hours=2))
    record = only(figures(outage(), later))

    assert record.outages == 2
    assert record.longest == 3 * HOUR
    assert record.felt == 4 * HOUR


def test_two_incidents_at_once_are_felt_once() -> None:
    other = outage(id="2020-01-28-2", hit_since=SINCE + HOUR / 2, over_at=OVER + HOUR / 2)
    assert only(figures(outage(), other)).felt == 1.5 * HOUR


def test_the_worst_mornings_come_first_and_end_at_noon() -> None:
    days = [
        outage(id=f"d{n}", hit_since=SINCE + timedelta(days=n), over_at=OVER + timedelta(days=n)) for n in (1, 2, 3)
    ]
    long = outage(over_at=OVER + 5 * HOUR)
    record = only(figures(long, *days))

    assert record.mornings == (
        Morning(date(2020, 1, 28), timedelta(hours=3, minutes=20)),
        Morning(date(2020, 1, 29), HOUR),
        Morning(date(2020, 1, 30), HOUR),
    )


def test_a_night_or_a_sunday_is_no_morning() -> None:
    night = outage(hit_since=SINCE.replace(hour=20), over_at=OVER.replace(hour=21))
    sunday = outage(id="s", hit_since=SINCE - timedelta(days=2), over_at=OVER - timedelta(days=2))
    assert only(figures(night)).mornings == ()
    assert only(figures(sunday)).mornings == ()


def test_an_outage_over_night_touches_the_mornings_it_reaches() -> None:
    night = outage(hit_since=SINCE.replace(hour=20), over_at=(OVER + timedelta(days=1)))
    assert only(figures(night)).mornings == (Morning(date(2020, 1, 29), timedelta(hours=2, minutes=40)),)


def test_a_minute_counts_by_how_much_is_done_in_it() -> None:
    night = outage(hit_since=SINCE.replace(hour=20), over_at=OVER.replace(hour=21))

    assert only(figures(outage())).weighted == pytest.approx(HOUR * WORKING_WEIGHT, abs=timedelta(seconds=1))
    assert only(figures(night)).weighted == pytest.approx(HOUR * OTHER_WEIGHT, abs=timedelta(seconds=1))
    assert (round(WORKING_WEIGHT, 1), round(OTHER_WEIGHT, 1)) == (2.8, 0.3)
    year = 365.25 * 24
    assert (2500 * WORKING_WEIGHT + (year - 2500) * OTHER_WEIGHT) / year == pytest.approx(1), (
        "over a year a minute is one"
    )


def test_felt_is_what_detection_came_to_know() -> None:
    subject = Subject("dispense", "pharmacist")
    known = figures(
        outage(),
        changes=(
            StateChange(SINCE + timedelta(minutes=2), subject, State.DOWN, SINCE),
            StateChange(SINCE + timedelta(minutes=21), subject, State.OK, SINCE + timedelta(minutes=20)),
            StateChange(SINCE + timedelta(minutes=41), subject, State.DOWN, SINCE + timedelta(minutes=40)),
        ),
    )

    assert only(known).felt == timedelta(minutes=40)


def test_only_those_hit_count_and_of_those_everybody() -> None:
    nobody = figures(outage(audiences=("doctor",)))
    assert only(nobody).felt == timedelta(0), "doctors do not dispense"
    assert only(figures(outage(audiences=("pharmacist",)))).felt == HOUR


def test_official_begins_when_this_very_function_was_spoken_of() -> None:
    opening, end = told(outage(functions=("dispense", "tarify")))
    narrow: Bulletin = replace(opening.bulletin, functions=("tarify",))
    known = figures(outage(functions=("dispense", "tarify")), publications=(replace(opening, bulletin=narrow), end))
    official = {record.function: record.official for record in known.year.functions}

    assert official == {"dispense": timedelta(0), "tarify": timedelta(minutes=68)}


def test_months_are_those_of_brussels_the_present_one_first() -> None:
    turn = datetime(2020, 1, 31, 23, 30, tzinfo=UTC)
    known = figures(outage(hit_since=turn, over_at=turn + HOUR), until=UNTIL)

    assert [period.start.strftime("%Y-%m") for period in known.months][:3] == ["2020-02", "2020-01", "2019-12"]
    assert len(known.months) == 12
    assert [len(period.incidents) for period in known.months][:2] == [1, 0], "half past midnight of 1 February"


def test_what_is_older_than_twelve_months_is_in_no_figure() -> None:
    old = outage(hit_since=SINCE - timedelta(days=400), over_at=OVER - timedelta(days=400))
    assert figures(old).year.functions == ()


def test_it_says_since_when_anything_is_known() -> None:
    page = PageState(at=SINCE - HOUR, states={})
    assert figures(outage(), pages=(page,)).since == SINCE - HOUR
    assert figures(outage()).since == SINCE
