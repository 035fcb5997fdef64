"""What is known beforehand, who is hit, and what does not arrive: how each moves the suspicion."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from situations import NOW, ONSET, belgium, evidence, judgement, minutes_of, signal
from tocsin.changes.rules import ChangeEvent
from tocsin.detection.rules.credence import Beta, Credence, PartnerRecord
from tocsin.detection.rules.model import Judgement, Signal, State
from tocsin.diagnosis.rules.model import NO_BACKGROUND, Background, Explanation, PastFault
from tocsin.diagnosis.rules.suspects import explain
from tocsin.diagnosis.rules.troubles import troubles
from tocsin.observations.rules.model import Evidence, Eye, Notice

WALLONIA = ("BE-WLG",)


def explained(
    said: Judgement,
    *,
    seen: Evidence | None = None,
    changes: Sequence[ChangeEvent] = (),
    background: Background = NO_BACKGROUND,
) -> Explanation:
    (found, *_) = explain(
        said, evidence=seen or evidence(), changes=changes, pack=belgium(), now=NOW, background=background
    )
    return found


def score_of(explanation: Explanation, suspect: str) -> float:
    return next((each.score for each in explanation.suspects if each.id == suspect), 0.0)


def codes_of(explanation: Explanation, suspect: str) -> list[str]:
    return [reason.code for each in explanation.suspects if each.id == suspect for reason in each.reasons]


def in_regions(each: Signal, *regions: str) -> Signal:
    return replace(each, regions=regions)


TWO = judgement([signal("vaccinnet", observed=0.2), signal("therlink", observed=0.2)])


def test_belief_is_whole_with_what_lies_outside() -> None:
    for said in (TWO, judgement([signal("access"), signal("sts")]), judgement([signal("net_belnet", "probe")])):
        found = explained(said)
        assert sum(each.score for each in found.suspects) + found.elsewhere == pytest.approx(1.0, abs=0.001)
        assert 0.0 < found.elsewhere < 0.7


def test_the_worse_the_best_suspect_fits_the_more_is_laid_outside() -> None:
    fits = explained(judgement([signal("ehbox")]))
    works = explained(judgement([signal("mcn_efact"), signal("vaccinnet"), signal("tsa")]))
    assert works.elsewhere > fits.elsewhere


def test_a_partner_that_cried_wolf_is_believed_less() -> None:
    notice = Notice(NOW, "ehealth", ("sts",), "down", "", None)
    said = judgement([signal("access"), signal("sts", observed=0.29)])
    liar = Credence(partners={"ehealth": PartnerRecord(speaks=Beta(1.0, 9.0), cries=Beta(20.0, 30.0))})
    prophet = Credence(partners={"ehealth": PartnerRecord(speaks=Beta(40.0, 2.0), cries=Beta(0.5, 199.5))})
    scores = [
        score_of(explained(said, seen=evidence(notices=[notice]), background=Background(known)), "sts")
        for known in (liar, Credence(), prophet)
    ]
    assert scores[0] < scores[1] < scores[2]


def test_a_past_fault_that_looked_alike_is_a_weak_hint() -> None:
    said = judgement([signal("recipe_prescriber"), signal("recipe_executor")])
    before = explained(said)
    past = PastFault("net_proximus", frozenset({"recipe_prescriber", "recipe_executor"}))
    after = explained(said, background=Background(past=(past, past)))
    assert score_of(before, "net_proximus") < score_of(after, "net_proximus")
    assert "suspect.seen_before" in codes_of(after, "net_proximus")


@pytest.mark.parametrize("services", [frozenset({"tsa", "ehbox"}), frozenset[str]()])
def test_a_past_fault_that_looked_unlike_teaches_nothing(services: frozenset[str]) -> None:
    said = judgement([signal("recipe_prescriber"), signal("recipe_executor")])
    known = Background(past=(PastFault("net_proximus", services),))
    assert explained(said, background=known) == explained(said)


def test_a_restart_that_loaded_what_was_waiting_is_named() -> None:
    waiting = ChangeEvent(ONSET - timedelta(hours=9), "fingerprint", None, ("sts",), "", "a", "b", None)
    written = ChangeEvent(ONSET - timedelta(hours=10), "finished", "CHG-7", ("sts",), "")
    restart = ChangeEvent(ONSET - timedelta(minutes=3), "restarted", None, ("sts",), "")
    found = explained(judgement([signal("sts")]), changes=[written, waiting, restart])
    assert found.suspects[0].change == "CHG-7"
    assert "drift.restart_loaded" in codes_of(found, "sts")


def test_what_fails_in_one_province_is_laid_to_the_lines_that_lead_there() -> None:
    said = judgement(
        [
            in_regions(signal("etk_depot", "timeouts", eye=Eye.CLIENT, observed=0.8), *WALLONIA),
            in_regions(signal("etk_depot", "vantage", eye=Eye.CLIENT, observed=0.8, expected=0.0), *WALLONIA),
            in_regions(signal("etk_depot", "volume", observed=10, expected=90), *WALLONIA),
        ]
    )
    found = explained(said)
    assert found.suspects[0].id == "net_belnet"
    assert "suspect.only_regions" in codes_of(found, "net_belnet")


def test_everything_a_cut_off_province_no_longer_calls_is_one_fault() -> None:
    cut = [
        in_regions(signal("etk_depot", "timeouts", eye=Eye.CLIENT, observed=0.8), *WALLONIA),
        *(
            in_regions(signal(name, "volume", observed=10, expected=90), *WALLONIA)
            for name in ("etk_depot", "mcn_efact")
        ),
    ]
    found = explain(
        judgement(cut, failing={"bill": State.DEGRADED, "exchange_messages": State.DEGRADED}),
        evidence=evidence(),
        changes=(),
        pack=belgium(),
        now=NOW,
    )
    assert [each.suspects[0].id for each in found] == ["net_belnet"]


def test_a_failure_the_front_sees_too_has_arrived() -> None:
    both = troubles(
        [signal("sts", "vantage", eye=Eye.CLIENT, observed=0.5, expected=0.2), signal("sts", "latency", observed=0.4)],
        pack=belgium(),
    )
    client = troubles([signal("sts", "vantage", eye=Eye.CLIENT, observed=0.5, expected=0.0)], pack=belgium())
    assert not both["sts"].is_unreached
    assert client["sts"].is_unreached


def test_whoever_any_eye_names_is_hit() -> None:
    found = troubles(
        [
            signal("sts", "rejected", eye=Eye.CLIENT, strength=60, packages=("pharmacy-a",)),
            signal("sts", "rejected", packages=("pharmacy-a", "pharmacy-b")),
        ],
        pack=belgium(),
    )
    assert found["sts"].packages == ("pharmacy-a", "pharmacy-b")


def test_a_sole_package_of_a_profession_proves_nothing_unless_it_asks_wrongly() -> None:
    fails = explained(judgement([signal("mcn_eattest", "errors", packages=("dentist-a",))]))
    refused = explained(judgement([signal("mcn_eattest", "rejected", packages=("dentist-a",))]))
    assert fails.suspects[0].id == "mcn_eattest"
    assert refused.suspects[0].id == "dentist-a"
    assert "dentist-a" in [each.id for each in fails.suspects]


def test_a_package_the_pack_does_not_know_is_nobodys_fault_alone() -> None:
    found = explained(judgement([signal("mcn_eattest", packages=("renamed",))]))
    assert found.suspects[0].id == "mcn_eattest"


def test_a_service_that_is_worse_than_before_is_not_cleared() -> None:
    good = minutes_of("access", now=NOW, minutes=25)
    outcomes = good.outcomes.copy()
    late = good.bucket_s >= ONSET.timestamp()
    outcomes[late, 2] = 8
    seen = replace(evidence(), rollups=good)
    uneasy = replace(evidence(), rollups=replace(good, outcomes=outcomes))
    said = judgement([signal("sts"), signal("esb")])
    cleared, doubted = (explained(said, seen=each) for each in (seen, uneasy))
    assert score_of(cleared, "access") < score_of(doubted, "access")
    assert "suspect.works" in codes_of(cleared, "access") or score_of(cleared, "access") == 0.0
    assert "suspect.uneasy" in codes_of(doubted, "access")
    assert np.isfinite(doubted.elsewhere)


def test_the_plots_of_suspects_are_there() -> None:
    rollups = minutes_of("sts", now=NOW, minutes=25)
    found = explained(judgement([signal("sts")]), seen=replace(evidence(), rollups=rollups))
    assert [course.service for course in found.courses] == ["sts"]


def test_who_must_be_called_and_asked_comes_with_it() -> None:
    found = explained(judgement([signal("recipe_prescriber"), signal("recipe_executor")]))
    assert found.calls[0].partner == "recipe"
    assert found.questions[0].suspect in {each.id for each in found.suspects[:2]}
