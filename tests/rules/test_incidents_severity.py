"""How much an incident weighs: users, function, state, hour."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from situations import belgium
from tocsin.detection.rules.model import State
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.incidents.rules.severity import Level, activity, gravest_first, level, severity
from tocsin.observations.rules.model import Eye

MONDAY_9 = datetime(2020, 1, 27, 8, 0, tzinfo=UTC)
MONDAY_3 = datetime(2020, 1, 27, 2, 0, tzinfo=UTC)


def _incident(*functions: str, state: State = State.DOWN) -> Incident:
    return Incident(
        id="2020-01-27-1",
        opened_at=MONDAY_3,
        hit_since=MONDAY_3,
        phase=Phase.CONFIRMED,
        phase_since=MONDAY_3,
        state=state,
        confidence=0.95,
        eyes=frozenset({Eye.FRONT, Eye.CLIENT}),
        functions=functions,
        audiences=None,
        packages=None,
        regions=None,
    )


def _level(incident: Incident, now: datetime = MONDAY_9) -> Level:
    return severity(incident, pack=belgium(), now=now).level


DISPENSE = _incident("dispense")


def test_nobody_can_dispense_on_monday_morning_is_critical() -> None:
    assert _level(DISPENSE) is Level.CRITICAL


def test_the_same_at_three_in_the_morning_is_high() -> None:
    assert _level(DISPENSE, MONDAY_3) is Level.HIGH


def test_disrupted_weighs_less_than_failing() -> None:
    assert _level(_incident("dispense", state=State.DEGRADED)) is Level.HIGH


def test_what_can_wait_is_moderate_in_working_hours_and_low_at_night() -> None:
    assert _level(_incident("bill")) is Level.MODERATE
    assert _level(_incident("bill"), MONDAY_3) is Level.LOW


def test_one_province_weighs_as_its_share_of_all() -> None:
    pack = belgium()
    one = replace(DISPENSE, regions=tuple(pack.regions)[:1])
    whole, part = (severity(each, pack=pack, now=MONDAY_9).weight for each in (DISPENSE, one))
    assert part == pytest.approx(whole / len(pack.regions))


def test_one_package_weighs_as_its_share_of_its_profession() -> None:
    pack = belgium()
    own = [package.id for package in pack.packages.values() if package.audience == "pharmacist"]
    one = replace(DISPENSE, packages=(own[0],))
    assert severity(one, pack=pack, now=MONDAY_9).weight == pytest.approx(1.0 / len(own))


def test_software_of_another_profession_hits_nobody_here() -> None:
    own = next(package.id for package in belgium().packages.values() if package.audience == "doctor")
    assert severity(replace(DISPENSE, packages=(own,)), pack=belgium(), now=MONDAY_9).weight == 0.0


def test_a_profession_without_software_of_its_own_is_hit_as_a_whole() -> None:
    hit = replace(_incident("prescribe"), audiences=("midwife",), packages=("pharmacy-a",))
    assert severity(hit, pack=belgium(), now=MONDAY_9).weight == 1.0


def test_only_the_professions_hit_count() -> None:
    hit = replace(_incident("open_session"), audiences=("pharmacist",))
    (_, reach, _) = severity(hit, pack=belgium(), now=MONDAY_9).reasons
    assert reach.facts["audience"] == "pharmacist"


def test_it_says_why() -> None:
    found = severity(_incident("bill", "dispense"), pack=belgium(), now=MONDAY_3)
    assert [reason.to_json() for reason in found.reasons] == [
        {"code": "severity.function", "facts": {"function": "dispense", "criticality": "vital"}},
        {"code": "severity.reach", "facts": {"audience": "doctor", "reached_share": 1.0}},
        {"code": "severity.hour", "facts": {"hour": "quiet"}},
    ]


def test_what_the_pack_no_longer_knows_weighs_nothing() -> None:
    found = severity(_incident("gone"), pack=belgium(), now=MONDAY_9)
    assert (found.weight, found.level) == (0.0, Level.LOW)
    assert [reason.code for reason in found.reasons] == ["severity.unknown"]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2020-01-27T08:00", 1.0, id="monday at nine"),
        pytest.param("2020-01-27T06:10", 1.0, id="monday at ten past seven: open within the hour"),
        pytest.param("2020-01-27T05:10", 0.5, id="monday at ten past six"),
        pytest.param("2020-01-27T18:30", 0.5, id="monday evening"),
        pytest.param("2020-01-27T23:00", 0.2, id="monday at midnight"),
        pytest.param("2020-02-01T09:00", 0.5, id="saturday at ten"),
        pytest.param("2020-02-01T14:00", 0.2, id="saturday afternoon"),
        pytest.param("2020-02-02T09:00", 0.2, id="sunday at ten"),
        pytest.param("2020-07-27T05:10", 1.0, id="a summer monday at ten past seven"),
    ],
)
def test_the_hour_is_that_of_the_practices(moment: str, expected: float) -> None:
    assert activity(datetime.fromisoformat(moment).replace(tzinfo=UTC), timezone="Europe/Brussels") == expected


def test_every_weight_has_a_level() -> None:
    assert [level(weight) for weight in (1.0, 0.5, 0.49, 0.15, 0.03, 0.0)] == [
        Level.CRITICAL,
        Level.CRITICAL,
        Level.HIGH,
        Level.HIGH,
        Level.MODERATE,
        Level.LOW,
    ]


def test_the_gravest_comes_first_and_equals_keep_their_order() -> None:
    bills = [replace(_incident("bill"), id=f"2020-01-27-{number}") for number in (2, 3)]
    ordered = gravest_first([*bills, DISPENSE], pack=belgium(), now=MONDAY_9)
    assert [each.id for each in ordered] == ["2020-01-27-1", "2020-01-27-2", "2020-01-27-3"]
