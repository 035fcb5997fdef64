"""Rates from counts, and what they make of a word."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry_world import Fault, World, minute, pack, watch
from tocsin.detection.rules.credence import (
    NOBODY_KNOWN,
    UNKNOWN_MEMBER,
    UNKNOWN_PARTNER,
    UNKNOWN_PROBE,
    Beta,
    Credence,
    PartnerRecord,
)
from tocsin.detection.rules.model import State, Subject
from tocsin.detection.rules.stating import stated
from tocsin.observations.rules.model import Eye, Notice, NoticeState

LIAR = PartnerRecord(cries=Beta(60.0, 60.0))
counts = st.floats(0.0, 1e4)


def notice(state: NoticeState, *, at: float = 5.0, services: tuple[str, ...] = ("rx",)) -> Notice:
    return Notice(minute(at), "rx-partner", services, state, "", None)


def weight(*notices: Notice, credence: Credence = NOBODY_KNOWN) -> list[float]:
    return [word.strength for word in stated(pack().functions["prescribe"], notices, pack=pack(), credence=credence)]


def test_whoever_is_unknown_is_taken_for_the_average() -> None:
    assert NOBODY_KNOWN.of_member("x") is UNKNOWN_MEMBER
    assert NOBODY_KNOWN.of_probe("x") is UNKNOWN_PROBE
    assert NOBODY_KNOWN.of_partner("x") is UNKNOWN_PARTNER
    assert UNKNOWN_PARTNER.trust == 1.0


@given(counts, counts)
def test_a_rate_is_a_rate_whatever_was_counted(yes: float, no: float) -> None:
    assert 0.0 < UNKNOWN_MEMBER.speaks.seen(yes, no).mean < 1.0


@given(counts)
def test_more_false_alarms_never_make_a_partner_more_trustworthy(cried: float) -> None:
    record = PartnerRecord(cries=UNKNOWN_PARTNER.cries.seen(cried, 0.0))
    worse = PartnerRecord(cries=UNKNOWN_PARTNER.cries.seen(cried + 1.0, 0.0))
    assert 0.0 <= worse.trust <= record.trust <= 1.5


@given(counts, counts, counts, counts)
def test_a_word_of_trouble_never_speaks_for_health_nor_silence_for_trouble(
    a: float, b: float, c: float, d: float
) -> None:
    record = PartnerRecord(speaks=UNKNOWN_PARTNER.speaks.seen(a, b), cries=UNKNOWN_PARTNER.cries.seen(c, d))
    assert record.says_trouble >= 0.0 >= record.is_silent


def test_a_partners_latest_word_weighs_by_what_its_words_were_worth() -> None:
    assert weight(notice("investigating")) == [5.0]
    assert weight(notice("investigating"), notice("down", at=6)) == [8.0]
    assert weight(notice("down"), notice("resolved", at=6)) == []
    assert weight(notice("down"), credence=Credence(partners={"rx-partner": LIAR})) == []


@pytest.mark.parametrize(("services", "counts_for"), [(("bus",), True), (("disp",), False)], ids=["needed", "unused"])
def test_a_word_concerns_what_a_function_uses_or_needs(services: tuple[str, ...], *, counts_for: bool) -> None:
    assert bool(weight(notice("down", services=services))) == counts_for


SUBJECT = Subject("prescribe", "doctor")


def test_resolved_while_it_fails_takes_back_nothing_that_others_see() -> None:
    fault = Fault("rx", "error", 0.5, start=5, end=30)
    run = watch(World(faults=(fault,), notices=(notice("down", at=8), notice("resolved", at=12)), minutes=20))
    assert run.at(19).verdicts[SUBJECT].state in {State.DEGRADED, State.DOWN}
    assert Eye.PARTNER in run.at(11.5).verdicts[SUBJECT].eyes
    assert Eye.PARTNER not in run.at(19).verdicts[SUBJECT].eyes


def test_a_late_word_after_the_end_accuses_nobody() -> None:
    fault = Fault("rx", "error", 0.5, start=2, end=8)
    run = watch(World(faults=(fault,), notices=(notice("investigating", at=20),), minutes=30))
    hit = run.minutes_hit("prescribe", "doctor")
    assert minute(hit[-1]) < minute(8) + timedelta(minutes=6)
