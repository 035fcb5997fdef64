"""One posterior from all eyes: sums to one, grows with evidence, and one eye alone is never sure."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detection.rules.belief import DOUBT, log_ratio, posterior
from tocsin.detection.rules.model import Posterior
from tocsin.observations.rules.model import Eye

BOTH = frozenset({Eye.FRONT, Eye.CLIENT})
STRENGTHS = st.dictionaries(st.sampled_from(list(Eye)), st.floats(0.0, 500.0))
LOOKING = st.frozensets(st.sampled_from([Eye.FRONT, Eye.CLIENT, Eye.PROBES]))


def belief(
    strengths: Mapping[Eye, float], *, looking: frozenset[Eye] = BOTH, share: float = 0.3, down_from: float = 0.5
) -> Posterior:
    return posterior(strengths, looking=looking, failing_share=share, down_from=down_from)


@given(strengths=STRENGTHS, looking=LOOKING, share=st.floats(0.0, 5.0))
def test_it_is_a_probability_whatever_the_eyes_say(
    strengths: dict[Eye, float], looking: frozenset[Eye], share: float
) -> None:
    found = belief(strengths, looking=looking, share=share)
    parts = (found.ok, found.degraded, found.down, found.unknown)
    assert sum(parts) == pytest.approx(1.0, abs=1e-5)
    assert all(-1e-6 <= part <= 1.0 for part in parts)


@given(strengths=STRENGTHS, eye=st.sampled_from(list(Eye)), more=st.floats(0.0, 50.0))
def test_more_evidence_of_trouble_never_makes_it_less_believable(
    strengths: dict[Eye, float], eye: Eye, more: float
) -> None:
    stronger = {**strengths, eye: strengths.get(eye, 0.0) + more}
    assert belief(stronger).bad >= belief(strengths).bad - 1e-5


@pytest.mark.parametrize("eye", list(Eye), ids=str)
def test_one_eye_alone_stays_below_nine_in_ten_however_loud(eye: Eye) -> None:
    assert belief({eye: 10_000.0}, looking=frozenset({eye})).bad < 0.9


def test_two_eyes_that_agree_are_nearly_sure() -> None:
    assert belief({Eye.FRONT: 12.0, Eye.CLIENT: 12.0}).bad > 0.99


def test_an_eye_that_looks_and_sees_nothing_counts_a_little_against() -> None:
    alone = belief({Eye.FRONT: 12.0}, looking=frozenset({Eye.FRONT})).bad
    contradicted = belief({Eye.FRONT: 12.0}, looking=BOTH).bad
    assert 0.5 < contradicted < alone


def test_nobody_looks_and_nobody_speaks_is_unknown() -> None:
    assert belief({}, looking=frozenset()) == Posterior(0.0, 0.0, 0.0, 1.0)


def test_the_more_eyes_look_the_less_is_left_unknown() -> None:
    one, two = (belief({}, looking=looking).unknown for looking in (frozenset({Eye.FRONT}), BOTH))
    assert two < one / 4 < 0.1


@pytest.mark.parametrize(("share", "is_down"), [(0.2, False), (0.4, False), (0.6, True), (1.0, True)])
def test_most_calls_failing_is_down_and_some_is_degraded(share: float, is_down: bool) -> None:  # noqa: FBT001  a case
    found = belief({Eye.FRONT: 50.0, Eye.CLIENT: 50.0}, share=share)
    assert (found.down > found.degraded) is is_down


@given(eye=st.sampled_from(list(Eye)), strength=st.floats(0.0, 1000.0))
def test_no_eye_says_more_than_its_doubt_allows(eye: Eye, strength: float) -> None:
    assert log_ratio(eye, strength) + 1e-9 >= 0.0
    assert log_ratio(eye, strength) <= -math.log(DOUBT[eye]) + 1e-9
