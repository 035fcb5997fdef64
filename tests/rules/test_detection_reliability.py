"""How members and partners earn their credit: counted beside the troubles that were confirmed, nothing else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from telemetry_world import START, pack
from tocsin.detection.rules.credence import UNKNOWN_MEMBER, UNKNOWN_PARTNER, Credence
from tocsin.detection.rules.past import Membership, Past, Stratum, Trouble
from tocsin.detection.rules.reliability import learned
from tocsin.observations.rules.model import Notice, NoticeState, Report

SINCE = START - timedelta(days=100)
D1 = Stratum("doctor", "d1", "north")
TENTH, FIFTIETH = timedelta(days=10), timedelta(days=50)
LASTS = timedelta(minutes=40)


def trouble(after: timedelta, **slices: Any) -> Trouble:
    began = SINCE + after
    return Trouble(began, began + LASTS, frozenset({"prescribe"}), frozenset({"rx"}), **slices)


def complaint(after: timedelta, *, member: str = "m1", function: str = "prescribe", works: bool = False) -> Report:
    return Report(SINCE + after, member, D1.audience, D1.package, D1.region, function, works, "")


def notice(after: timedelta, state: NoticeState, *, partner: str = "rx-partner") -> Notice:
    return Notice(SINCE + after, partner, ("rx",), state, "", None)


def past(**known: Any) -> Past:
    return replace(Past(SINCE, START, members={"m1": Membership(D1)}), **known)


def known(**what: Any) -> Credence:
    return learned(past(**what), pack=pack())


TWO = (trouble(TENTH), trouble(FIFTIETH))
SOON = timedelta(minutes=8)


def test_whoever_spoke_up_in_troubles_and_never_else_is_believed_more() -> None:
    record = known(troubles=TWO, reports=(complaint(TENTH + SOON), complaint(FIFTIETH + SOON))).of_member("m1")
    assert record.speaks == UNKNOWN_MEMBER.speaks.seen(2, 0)
    assert record.cries == UNKNOWN_MEMBER.cries.seen(0, 100)


def test_whoever_is_silent_in_trouble_and_complains_in_calm_is_believed_less() -> None:
    days = [timedelta(days=day) for day in range(20, 40)]
    twice = [complaint(day + timedelta(hours=hour)) for day in days for hour in (0, 2)]
    record = known(troubles=TWO, reports=tuple(twice)).of_member("m1")
    assert record.speaks == UNKNOWN_MEMBER.speaks.seen(0, 2)
    assert record.cries == UNKNOWN_MEMBER.cries.seen(20, 80)


@pytest.mark.parametrize(
    "elsewhere",
    [{"packages": frozenset({"d2"})}, {"audiences": frozenset({"pharmacist"})}, {"regions": frozenset({"south"})}],
    ids=["package", "audience", "region"],
)
def test_nobody_must_notice_what_hits_others(elsewhere: dict[str, frozenset[str]]) -> None:
    record = known(troubles=(trouble(TENTH, **elsewhere),)).of_member("m1")
    assert record.speaks == UNKNOWN_MEMBER.speaks


def test_nobody_must_notice_what_was_before_they_joined() -> None:
    joined = Membership(D1, SINCE + timedelta(days=30))
    credence = known(troubles=TWO, members={"m1": joined})
    assert credence.of_member("m1").speaks == UNKNOWN_MEMBER.speaks.seen(0, 1)
    assert credence.of_member("m1").cries == UNKNOWN_MEMBER.cries.seen(0, 70)
    assert credence.joined == {"m1": joined.joined_at}


def test_naming_a_function_next_to_the_trouble_is_no_false_complaint_and_no_hit() -> None:
    record = known(troubles=TWO, reports=(complaint(TENTH + SOON, function="open_session"),)).of_member("m1")
    assert record.speaks == UNKNOWN_MEMBER.speaks.seen(0, 2)
    assert record.cries.yes == UNKNOWN_MEMBER.cries.yes


def test_the_word_that_it_works_is_no_complaint() -> None:
    record = known(troubles=TWO, reports=(complaint(TENTH + SOON, works=True),)).of_member("m1")
    assert record.speaks == UNKNOWN_MEMBER.speaks.seen(0, 2)


def test_who_reports_without_being_on_the_list_has_a_record_all_the_same() -> None:
    credence = known(troubles=TWO, reports=(complaint(TENTH + SOON, member="m2"),))
    assert credence.of_member("m2").speaks == UNKNOWN_MEMBER.speaks.seen(1, 1)
    assert credence.of_member("m3") == UNKNOWN_MEMBER


def test_complaints_in_calm_make_the_level_of_the_rhythm() -> None:
    calm = [complaint(timedelta(days=day), member=f"m{day}") for day in range(20, 26)]
    again = complaint(timedelta(days=20, hours=1), member="m20")
    elsewhere = complaint(timedelta(days=21), function="unheard-of")
    during = complaint(TENTH + SOON)
    strays = known(troubles=TWO, reports=(*calm, again, elsewhere, during)).strays
    assert strays["prescribe", "doctor"] == (6.0, 100.0)
    assert strays["dispense", "pharmacist"] == (0.0, 100.0)


def test_the_panel_is_counted_by_stratum() -> None:
    members = {name: Membership(D1) for name in ("m1", "m2")} | {"m3": Membership(replace(D1, package="d2"))}
    assert known(members=members).members_by_stratum == {("doctor", "d1", "north"): 2, ("doctor", "d2", "north"): 1}


def test_a_partner_that_speaks_of_its_troubles_and_of_nothing_else_is_believed_more() -> None:
    words = (
        notice(TENTH + timedelta(minutes=5), "investigating"),
        notice(TENTH + LASTS, "resolved"),
        notice(FIFTIETH + timedelta(minutes=9), "down"),
        notice(FIFTIETH + LASTS + timedelta(hours=1), "resolved"),
    )
    record = known(troubles=TWO, notices=words).of_partner("rx-partner")
    assert record.speaks == UNKNOWN_PARTNER.speaks.seen(2, 0)
    assert record.cries == UNKNOWN_PARTNER.cries.seen(0, 100)
    assert record.resolves == UNKNOWN_PARTNER.resolves.seen(2, 0)
    assert record.trust > 1.0


def test_a_partner_that_cries_wolf_every_week_is_hardly_an_eye() -> None:
    words = tuple(notice(timedelta(days=day), "disrupted") for day in range(1, 100, 2))
    record = known(troubles=TWO, notices=words).of_partner("rx-partner")
    assert record.cries.yes - UNKNOWN_PARTNER.cries.yes == 50
    assert record.trust < 0.3


def test_a_silent_partner_says_nothing_by_being_silent() -> None:
    many = tuple(trouble(timedelta(days=day)) for day in range(5, 95, 3))
    silent = known(troubles=many).of_partner("rx-partner")
    assert silent.speaks.mean < 0.2
    assert UNKNOWN_PARTNER.is_silent < silent.is_silent <= 0.0


def test_a_late_partner_is_known_to_be_late_after_three_words() -> None:
    many = tuple(trouble(timedelta(days=day)) for day in (10, 20, 30))
    words = tuple(notice(timedelta(days=day, minutes=35), "investigating") for day in (10, 20, 30))
    assert known(troubles=many, notices=words).of_partner("rx-partner").late == timedelta(minutes=35)
    assert known(troubles=many[:2], notices=words[:2]).of_partner("rx-partner").late == UNKNOWN_PARTNER.late


def test_a_partner_that_says_resolved_while_it_fails_is_not_believed_the_next_time() -> None:
    many = tuple(trouble(timedelta(days=day)) for day in range(5, 95, 5))
    lies = tuple(notice(timedelta(days=day, minutes=10), "resolved") for day in range(5, 95, 5))
    record = known(troubles=many, notices=lies).of_partner("rx-partner")
    assert record.resolves == UNKNOWN_PARTNER.resolves.seen(0, len(many))


def test_resolved_of_a_trouble_that_nobody_knows_counts_neither_way() -> None:
    record = known(notices=(notice(TENTH, "resolved"),)).of_partner("rx-partner")
    assert record.resolves == UNKNOWN_PARTNER.resolves


def test_a_word_before_users_are_hit_is_no_lie_and_maintenance_is_no_word_of_trouble() -> None:
    words = (notice(TENTH - timedelta(minutes=20), "investigating"), notice(FIFTIETH * 1.5, "maintenance"))
    record = known(troubles=TWO, notices=words).of_partner("rx-partner")
    assert record.speaks == UNKNOWN_PARTNER.speaks.seen(1, 1)
    assert record.cries.yes == UNKNOWN_PARTNER.cries.yes
    assert record.late == UNKNOWN_PARTNER.late


def test_a_partner_is_not_judged_by_the_troubles_of_others() -> None:
    assert known(troubles=TWO).of_partner("host").speaks == UNKNOWN_PARTNER.speaks


def test_no_past_teaches_nothing() -> None:
    credence = learned(Past(START, START), pack=pack())
    assert credence.members == {}
    assert credence.strays["prescribe", "doctor"] == (0.0, 0.0)
    assert credence.of_partner("rx-partner") == UNKNOWN_PARTNER
