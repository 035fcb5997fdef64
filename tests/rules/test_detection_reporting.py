"""What complaints come to: independent people weigh, those who are alike hardly add, hostile floods open nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_world import World, minute, pack, report, watch
from tocsin.detection.rules.credence import NOBODY_KNOWN, Beta, Credence, MemberRecord
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.detection.rules.reporting import LASTING, LEADING, Complaint, complaints
from tocsin.detection.rules.rhythm import stray_rate
from tocsin.observations.rules.model import Eye, Report

NOW = minute(30)
PRESCRIBE = Subject("prescribe", "doctor")
REGIONS = ("north", "south", "east")


def said(
    number: int,
    *,
    ago: float = 5.0,
    package: str | None = None,
    works: bool = False,
    function: str = "prescribe",
    audience: str = "doctor",
) -> Report:
    """The word of one of many members, of different packages and provinces unless a package is given."""
    first = audience[0]
    return Report(
        at=NOW - timedelta(minutes=ago),
        member=f"m{number}",
        audience=audience,
        package=package or f"{first}{number % 2 + 1}",
        region=REGIONS[number % 3],
        function=function,
        works=works,
        text="",
    )


def heard(
    reports: Sequence[Report], *, credence: Credence = NOBODY_KNOWN, previous: Judgement | None = None
) -> dict[Subject, Complaint]:
    found = complaints(reports, pack=pack(), previous=previous, now=NOW, credence=credence)
    return {complaint.subject: complaint for complaint in found}


def leads(reports: Sequence[Report], *, credence: Credence = NOBODY_KNOWN) -> bool:
    complaint = heard(reports, credence=credence).get(PRESCRIBE)
    return complaint is not None and complaint.is_leading


def strength(reports: Sequence[Report], *, credence: Credence = NOBODY_KNOWN) -> float:
    complaint = heard(reports, credence=credence).get(PRESCRIBE)
    return 0.0 if complaint is None else complaint.strength


def test_one_complaint_weighs_a_little_two_do_not_carry_a_verdict_three_do() -> None:
    one, two, three = ([said(number, ago=2 + number) for number in range(count)] for count in (1, 2, 3))
    assert 3.0 < strength(one) < 7.0
    assert strength(one) < strength(two) < strength(three)
    assert [leads(one), leads(two), leads(three)] == [False, False, True]


def test_five_honest_members_of_different_provinces_carry_a_verdict_wherever_they_work() -> None:
    (complaint,) = heard([said(number, ago=2 * number + 1) for number in range(5)]).values()
    assert complaint.is_leading
    assert complaint.strength >= LEADING
    assert complaint.witnesses.members == 5
    assert (complaint.packages, set(complaint.regions)) == (("d1", "d2"), set(REGIONS))


def test_a_flood_of_fifty_members_of_one_package_is_one_witness() -> None:
    flood = [said(number, ago=1 + number / 10, package="d1") for number in range(50)]
    assert not leads(flood)
    assert strength(flood) < strength([said(number, ago=3) for number in range(4)])


def test_a_flood_beside_one_honest_complaint_weighs_no_more_than_two_beside_it() -> None:
    honest = said(99, ago=2, package="d2")
    flood = [said(number, ago=1 + number / 10, package="d1") for number in range(40)]
    two = [said(number, ago=1 + number, package="d1") for number in range(2)]
    assert strength([*flood, honest]) <= strength([*two, honest]) + 0.5


@pytest.mark.parametrize("alike", [{"practice": "p1"}, {"sender": "s1"}], ids=["practice", "sender"])
def test_a_flood_of_fifty_members_of_one_practice_or_sender_is_one_witness(alike: dict[str, Any]) -> None:
    flood = [replace(said(number, ago=1, package="d1"), **alike) for number in range(50)]
    (complaint,) = heard(flood).values()
    assert complaint.members == 1
    assert complaint.strength == pytest.approx(strength(flood[:1]), abs=1e-6)


def test_a_practice_and_a_line_in_common_tie_three_people_together() -> None:
    chain = [
        replace(said(0, package="d1"), practice="p1"),
        replace(said(1, package="d1"), practice="p1", sender="s1"),
        replace(said(2, package="d1"), sender="s1"),
    ]
    assert heard(chain)[PRESCRIBE].members == 1


def test_a_flood_of_members_who_joined_today_opens_nothing() -> None:
    flood = [said(number, ago=3) for number in range(40)]
    today = Credence(joined={f"m{number}": NOW - timedelta(hours=3) for number in range(40)})
    long_ago = Credence(joined={f"m{number}": NOW - timedelta(days=30) for number in range(40)})
    assert not leads(flood, credence=today)
    assert leads(flood, credence=long_ago)


def test_one_member_who_reports_again_and_again_is_heard_once() -> None:
    again = [replace(said(0, ago=20 - number), package=f"d{number % 2 + 1}") for number in range(15)]
    (complaint,) = heard(again).values()
    assert complaint.members == 1
    assert not complaint.is_leading


def test_the_first_time_somebody_said_so_counts() -> None:
    (complaint,) = heard([said(0, ago=9), said(0, ago=1)]).values()
    assert complaint.since <= NOW - timedelta(minutes=9)
    assert complaint.latest == NOW - timedelta(minutes=1)


def test_whoever_says_since_that_it_works_takes_the_complaint_back() -> None:
    assert heard([said(0, ago=9), said(0, ago=1, works=True)]) == {}


def test_words_that_it_works_weigh_against_complaints_and_only_so_much() -> None:
    failing = [said(number, ago=4) for number in range(6)]
    some = [said(100 + number, ago=2, works=True, package="d1") for number in range(2)]
    flood = [said(100 + number, ago=2, works=True, package="d1") for number in range(80)]
    assert strength([*failing, *some]) < strength(failing)
    assert strength([*failing, *flood]) > LASTING


def test_a_report_that_comes_late_counts_at_its_true_time_and_not_before_it_is_here() -> None:
    offline = replace(said(0, ago=15), received_at=NOW - timedelta(seconds=5))
    on_its_way = replace(said(1, ago=15), received_at=NOW + timedelta(seconds=5))
    (complaint,) = heard([offline, on_its_way]).values()
    assert complaint.members == 1
    assert complaint.since <= NOW - timedelta(minutes=15)


def test_what_is_said_of_the_future_counts_for_nothing() -> None:
    assert heard([said(number, ago=-1) for number in range(9)]) == {}


def test_old_complaints_count_for_nothing() -> None:
    assert heard([said(number, ago=25) for number in range(9)]) == {}


def test_one_audience_bears_out_another_of_the_same_function() -> None:
    doctor = said(0, ago=4, function="open_session")
    pharmacists = [said(number, ago=4, function="open_session", audience="pharmacist") for number in (10, 11, 13)]
    alone, together = heard([doctor]), heard([doctor, *pharmacists])
    subject = Subject("open_session", "doctor")
    assert not alone[subject].is_leading
    assert together[subject].is_leading
    assert (together[subject].members, together[subject].heard) == (1, 4)


def test_who_never_complains_elsewhere_hears_nothing_of_it() -> None:
    assert set(heard([said(number, ago=4) for number in range(5)])) == {PRESCRIBE}


def calm_since(ago: float) -> Judgement:
    verdict = Verdict(PRESCRIBE, State.OK, 0.9, NOW - timedelta(minutes=ago), frozenset(), ())
    return Judgement(NOW, {PRESCRIBE: verdict}, (), {})


def test_complaints_that_limp_behind_an_outage_weigh_nothing_where_fresh_ones_carry_a_verdict() -> None:
    during = [said(number, ago=15) for number in range(6)]
    after = [said(10 + number, ago=6 - number) for number in range(4)]
    (fresh,) = heard(after, previous=calm_since(600)).values()
    assert fresh.is_leading
    assert heard([*during, *after], previous=calm_since(7)) == {}


def test_a_complaint_at_night_says_more_than_one_on_monday_morning() -> None:
    monday = datetime(2024, 3, 4, 8, 30, tzinfo=UTC)
    night = datetime(2024, 3, 3, 2, 30, tzinfo=UTC)
    rate = {
        at: stray_rate(PRESCRIBE, credence=NOBODY_KNOWN, at=at, timezone="Europe/Brussels") for at in (monday, night)
    }
    assert rate[monday] > 20 * rate[night]
    at_that = {
        at: next(
            complaints(
                [replace(said(0), at=at - timedelta(minutes=2))],
                pack=pack(),
                previous=None,
                now=at,
                credence=NOBODY_KNOWN,
            )
        ).strength
        for at in (monday, night)
    }
    assert at_that[night] > at_that[monday] + 2.0


def test_a_function_that_is_often_complained_of_needs_more_complaints() -> None:
    often = Credence(strays={("prescribe", "doctor"): (900.0, 30.0)})
    reports = [said(number, ago=2 + number) for number in range(3)]
    assert strength(reports, credence=often) < strength(reports) - 6.0
    assert not leads(reports, credence=often)


def test_members_who_cry_wolf_weigh_little_and_need_many() -> None:
    liar = MemberRecord(cries=Beta(40.0, 60.0))
    liars = Credence(members={f"m{number}": liar for number in range(3)})
    reports = [said(number, ago=2 + number) for number in range(3)]
    assert not leads(reports, credence=liars)
    assert strength([*reports, said(7, ago=3), said(8, ago=4), said(9, ago=5)], credence=liars) > LEADING


def test_the_slice_is_named_where_it_stands_out() -> None:
    panel = Credence(
        members_by_stratum={("doctor", package, region): 20 for package in ("d1", "d2") for region in REGIONS}
        | {("pharmacist", "p1", "east"): 500}
    )
    one_package = [said(number, ago=3, package="d1") for number in range(10)]
    one_region = [replace(said(number, ago=3), region="east") for number in range(6)]
    assert heard(one_package, credence=panel)[PRESCRIBE].only_packages == ("d1",)
    assert heard(one_package, credence=panel)[PRESCRIBE].only_regions is None
    assert heard(one_region, credence=panel)[PRESCRIBE].only_regions == ("east",)
    assert heard(one_region, credence=panel)[PRESCRIBE].only_packages is None


def test_those_who_say_that_it_works_elsewhere_help_to_name_the_slice() -> None:
    failing = [said(number, ago=3, package="d1") for number in range(4)]
    spared = [said(10 + number, ago=3, package="d2", works=True) for number in range(4)]
    assert heard(failing)[PRESCRIBE].only_packages is None
    assert heard([*failing, *spared])[PRESCRIBE].only_packages == ("d1",)


def test_nothing_depends_on_how_ids_are_spelt() -> None:
    reports = [said(number, ago=1 + number, works=number == 3) for number in range(6)]
    renamed = [replace(each, member="z" * (9 - place) + each.member) for place, each in enumerate(reports)]
    assert list(heard(reports).values()) == list(heard(renamed).values())


def test_nothing_depends_on_the_order_in_which_reports_came_in() -> None:
    reports = [said(number, ago=1 + number, works=number == 3) for number in range(6)]
    assert heard(reports) == heard(reports[::-1])


def test_whole_weeks_change_nothing() -> None:
    weeks = timedelta(weeks=104)
    reports = [said(number, ago=1 + number) for number in range(4)]
    later = [replace(each, at=each.at + weeks) for each in reports]
    (now,) = heard(reports).values()
    (then,) = complaints(later, pack=pack(), previous=None, now=NOW + weeks)
    assert (then.strength, then.since) == (now.strength, now.since + weeks)


agos = st.floats(0.1, 19.0)
people = st.lists(st.tuples(agos, st.sampled_from(["d1", "d2"]), st.booleans()), min_size=1, max_size=8)


@given(people, agos, st.sampled_from(["d1", "d2"]))
def test_another_independent_complaint_never_weighs_less(
    crowd: list[tuple[float, str, bool]], ago: float, package: str
) -> None:
    reports = [said(number, ago=when, package=which, works=works) for number, (when, which, works) in enumerate(crowd)]
    assert strength([*reports, said(99, ago=ago, package=package)]) >= strength(reports) - 1e-3


@given(st.lists(agos, min_size=1, max_size=30))
def test_complaints_of_one_package_never_carry_a_verdict(crowd: list[float]) -> None:
    assert not leads([said(number, ago=ago, package="d1") for number, ago in enumerate(crowd)])


@given(st.lists(agos, min_size=1, max_size=20))
def test_complaints_of_one_practice_weigh_no_more_than_the_weightiest_of_them_and_chance(crowd: list[float]) -> None:
    reports = [replace(said(number, ago=ago, package="d1"), practice="p1") for number, ago in enumerate(crowd)]
    alone = [strength([each]) for each in reports]
    # The unknown onset may suit one colleague or another: among many of them, the best of all onsets counts.
    assert strength(reports) <= max(alone) + 1.5


def strangers(count: int) -> tuple[Report, ...]:
    """As many complaints of people who are not alike, half a minute apart from minute 11 on."""
    return tuple(report(11 + number / 2, f"m{number}", package=f"d{number % 2 + 1}") for number in range(count))


def test_two_complaints_and_two_failed_checks_carry_what_neither_does_alone() -> None:
    checks = (("rx", 10.0, 12.0),)
    assert watch(World(probe_failures=checks, minutes=20)).ever_hit() == set()
    assert watch(World(reports=strangers(2), minutes=20)).ever_hit() == set()
    assert watch(World(probe_failures=checks, reports=strangers(1), minutes=20)).ever_hit() == set()
    both = watch(World(probe_failures=checks, reports=strangers(2), minutes=20))
    assert both.minutes_hit("prescribe", "doctor")[0] <= 12
    assert both.at(12).verdicts[PRESCRIBE].eyes == {Eye.PANEL, Eye.PROBES}


def test_the_panel_alone_names_the_province_that_stands_out() -> None:
    reports = tuple(replace(each, region="east") for each in strangers(6))
    verdict = watch(World(reports=reports, minutes=16)).at(15).verdicts[PRESCRIBE]
    assert verdict.state is State.DEGRADED
    assert verdict.eyes == {Eye.PANEL}
    assert (verdict.packages, verdict.regions) == (None, ("east",))
