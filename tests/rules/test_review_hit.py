from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from announcements import at, incident
from tocsin.catalog.queries import load_pack
from tocsin.catalog.rules.model import Pack, Population
from tocsin.detection.rules.model import State
from tocsin.kernel.intervals import Span
from tocsin.review.rules.hit import audiences_hit, hours_hit, professionals, transactions

HOUR = Span(at(0), at(60))


@pytest.fixture(scope="module")
def pack() -> Pack:
    loaded = load_pack(Path(__file__).resolve().parents[2] / "packs" / "belgium")
    source = loaded.audiences["pharmacist"].population.source
    pharmacists = replace(loaded.audiences["pharmacist"], population=Population(5_000, 20_000, source))
    dispense = replace(loaded.functions["dispense"], transactions_per_month=Population(5_000_000, 8_000_000, source))
    unknown = replace(loaded.functions["tarify"], transactions_per_month=None)
    return replace(
        loaded,
        audiences=loaded.audiences | {"pharmacist": pharmacists},  # type: ignore[operator]  # the loader gives dicts
        functions=loaded.functions | {"dispense": dispense, "tarify": unknown},  # type: ignore[operator]  # as above
    )


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), datetime(2026, 3, 2, 9, 0, tzinfo=UTC), (1, 0)),
        (datetime(2026, 3, 2, 6, 30, tzinfo=UTC), datetime(2026, 3, 2, 7, 30, tzinfo=UTC), (0.5, 0.5)),
        (datetime(2026, 3, 2, 16, 45, tzinfo=UTC), datetime(2026, 3, 2, 17, 15, tzinfo=UTC), (0.25, 0.25)),
        (datetime(2026, 7, 6, 6, 0, tzinfo=UTC), datetime(2026, 7, 6, 7, 0, tzinfo=UTC), (1, 0)),
        (datetime(2026, 3, 7, 9, 0, tzinfo=UTC), datetime(2026, 3, 7, 12, 0, tzinfo=UTC), (0, 3)),
    ],
    ids=["monday morning", "from half past seven", "until a quarter past six", "summer time", "saturday"],
)
def test_working_hours_are_the_federations_own(start: datetime, end: datetime, expected: tuple[float, float]) -> None:
    assert hours_hit(Span(start, end), now=end, timezone="Europe/Brussels") == expected


@given(st.integers(0, 20_000), st.integers(0, 5_000))
def test_hours_add_up_to_the_span(start: int, length: int) -> None:
    working, other = hours_hit(Span(at(start), at(start + length)), now=at(0), timezone="Europe/Brussels")
    assert working + other == pytest.approx(length / 60)


def test_an_hour_of_a_working_day_hits_between_a_tenth_and_all(pack: Pack) -> None:
    found = professionals(incident(), span=HOUR, pack=pack, now=at(600))
    assert list(found) == ["pharmacist"]
    assert (found["pharmacist"].low, found["pharmacist"].high) == (500, 20_000)
    assert found["pharmacist"].sources == (pack.audiences["pharmacist"].population.source,)


def test_outside_working_hours_at_most_the_share_of_the_load_that_falls_there(pack: Pack) -> None:
    night = Span(at(12 * 60), at(13 * 60))
    found = professionals(incident(), span=night, pack=pack, now=at(6000))["pharmacist"]
    assert (found.low, found.high) == (0, 4_000)


def test_an_outage_longer_than_a_working_day_hits_no_more_than_there_are(pack: Pack) -> None:
    week = Span(at(0), at(7 * 24 * 60))
    found = professionals(incident(), span=week, pack=pack, now=at(0))["pharmacist"]
    assert (found.low, found.high) == (5_000, 20_000)


def test_transactions_of_an_hour_that_does_not_work(pack: Pack) -> None:
    found = transactions(incident(), span=HOUR, pack=pack, now=at(600))["dispense"]
    share = 0.8 / (2500 / 12)
    assert found.low == int(5_000_000 * share * 0.5)
    assert found.high == pytest.approx(8_000_000 * share * 2, abs=1)


def test_of_what_was_only_disrupted_perhaps_nothing_failed(pack: Pack) -> None:
    found = transactions(incident(state=State.DEGRADED), span=HOUR, pack=pack, now=at(600))["dispense"]
    assert found.low == 0
    assert found.high > 0


@pytest.mark.parametrize("part", [{"packages": ("pharmacy-a",)}, {"regions": ("BE-WLG",)}])
def test_where_only_a_part_was_hit_nobody_knows_how_small_it_is(pack: Pack, part: dict[str, tuple[str, ...]]) -> None:
    hit = incident(**part)
    assert professionals(hit, span=HOUR, pack=pack, now=at(600))["pharmacist"].low == 0
    assert transactions(hit, span=HOUR, pack=pack, now=at(600))["dispense"].low == 0


def test_a_function_whose_load_is_unknown_gets_no_number(pack: Pack) -> None:
    assert list(transactions(incident(functions=("dispense", "tarify")), span=HOUR, pack=pack, now=at(0))) == [
        "dispense"
    ]


def test_a_function_that_the_pack_no_longer_has_is_left_out(pack: Pack) -> None:
    gone = incident(functions=("gone",))
    assert transactions(gone, span=HOUR, pack=pack, now=at(0)) == {}
    assert professionals(gone, span=HOUR, pack=pack, now=at(0)) == {}


def test_who_is_hit_comes_in_pack_order_and_only_those_named(pack: Pack) -> None:
    every = incident(functions=("exchange_messages", "dispense"))
    assert audiences_hit(every, pack=pack) == tuple(
        name for name in pack.audiences if name in pack.functions["exchange_messages"].audiences
    )
    assert audiences_hit(replace(every, audiences=("pharmacist", "doctor")), pack=pack) == ("doctor", "pharmacist")


@given(
    minutes=st.integers(0, 20_000), start=st.integers(0, 10_000), state=st.sampled_from([State.DOWN, State.DEGRADED])
)
def test_a_range_is_never_upside_down_and_grows_with_the_outage(
    minutes: int, start: int, state: State, pack: Pack
) -> None:
    hit = incident(state=state)
    shorter, longer = Span(at(start), at(start + minutes)), Span(at(start), at(start + minutes) + timedelta(hours=1))
    for estimate in (professionals, transactions):
        (small,) = estimate(hit, span=shorter, pack=pack, now=at(0)).values()
        (large,) = estimate(hit, span=longer, pack=pack, now=at(0)).values()
        assert 0 <= small.low <= small.high
        assert small.low <= large.low
        assert small.high <= large.high
