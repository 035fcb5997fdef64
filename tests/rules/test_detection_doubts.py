"""What is worth a question: one eye alone, a belief in between, a crowd that nothing bears out."""

from datetime import UTC, datetime

import pytest

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.detection.rules.doubts import CROWD_ASKS, doubts
from tocsin.detection.rules.model import Judgement, Posterior, State, Subject, Verdict
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye
from tocsin.observations.rules.polling import Doubt

PACK = load_pack(pack_folder("belgium"))
NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
DISPENSE, PRESCRIBE = Subject("dispense", "pharmacist"), Subject("prescribe", "doctor")


def verdict(subject: Subject, state: State = State.OK, *eyes: Eye, bad: float = 0.01) -> Verdict:
    posterior = Posterior(ok=1 - bad, degraded=0.0, down=bad, unknown=0.0)
    return Verdict(subject, state, 0.9, NOW, frozenset(eyes), (), packages=("pharmacy-a",), posterior=posterior)


def judged(*verdicts: Verdict) -> Judgement:
    return Judgement(NOW, {each.subject: each for each in verdicts}, (), {})


def codes(*verdicts: Verdict, crowd: dict[tuple[str, str], int] | None = None) -> list[tuple[str, str, str]]:
    return [
        (each.function, each.audience, each.reason.code)
        for each in doubts(judged(*verdicts), crowd=crowd or {}, pack=PACK)
    ]


def test_one_eye_that_is_sure_alone_is_worth_a_question_about_its_slice() -> None:
    (doubt,) = doubts(judged(verdict(DISPENSE, State.DOWN, Eye.FRONT, bad=0.99)), crowd={}, pack=PACK)
    assert (doubt.reason.code, doubt.reason.facts) == ("poll.one_eye", {"eye": "front", "state": "down"})
    assert doubt.packages == ("pharmacy-a",)


def test_what_two_eyes_agree_on_and_what_nobody_doubts_is_not() -> None:
    assert codes(verdict(DISPENSE, State.DOWN, Eye.FRONT, Eye.CLIENT, bad=0.99), verdict(PRESCRIBE)) == []
    assert codes(verdict(DISPENSE, State.UNKNOWN)) == []


@pytest.mark.parametrize(("bad", "is_asked"), [(0.29, False), (0.5, True), (0.91, False)])
def test_a_belief_in_between_is(*, bad: float, is_asked: bool) -> None:
    assert bool(codes(verdict(DISPENSE, State.OK, Eye.FRONT, bad=bad))) is is_asked


def test_the_panel_is_not_asked_what_it_just_said() -> None:
    assert codes(verdict(DISPENSE, State.OK, Eye.PANEL, bad=0.5)) == []


def test_a_crowd_that_no_eye_bears_out_raises_a_question_and_nothing_else() -> None:
    calm = verdict(DISPENSE, State.OK, Eye.FRONT)
    assert codes(calm, crowd={("dispense", "pharmacist"): CROWD_ASKS - 1}) == []
    assert codes(calm, crowd={("dispense", "pharmacist"): CROWD_ASKS}) == [("dispense", "pharmacist", "poll.crowd")]
    agreed = verdict(DISPENSE, State.DOWN, Eye.FRONT, Eye.CLIENT, bad=0.99)
    assert codes(agreed, crowd={("dispense", "pharmacist"): 50}) == []


def test_each_subject_is_asked_about_once_the_most_telling_first() -> None:
    found = codes(
        verdict(PRESCRIBE, State.OK, Eye.FRONT, bad=0.5),
        verdict(DISPENSE, State.DEGRADED, Eye.CLIENT, bad=0.6),
        crowd={("prescribe", "doctor"): 9},
    )
    assert found == [("dispense", "pharmacist", "poll.one_eye"), ("prescribe", "doctor", "poll.unsure")]


def test_a_verdict_from_before_there_was_a_belief_is_no_reason_to_ask() -> None:
    old = Verdict(DISPENSE, State.OK, 0.9, NOW, frozenset({Eye.FRONT}), ())
    assert codes(old) == []


def test_what_tells_suspects_apart_comes_after_whether_it_fails_and_before_what_may_be_nothing() -> None:
    sure = verdict(DISPENSE, State.DOWN, Eye.FRONT, bad=0.99)
    unsure = verdict(PRESCRIBE, State.OK, Eye.FRONT, bad=0.5)
    telling = [Doubt("read_sumehr", "doctor", Reason("poll.tells_apart", {"suspect": "sts", "other": "access"}))]
    found = doubts(judged(unsure, sure), crowd={}, pack=PACK, telling=telling)
    assert [each.reason.code for each in found] == ["poll.one_eye", "poll.tells_apart", "poll.unsure"]
