"""How services ran minute by minute: for how well they can be cleared, and for plots."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from situations import NOW, minutes_of, signal
from tocsin.diagnosis.rules.courses import STEPS, courses, first_step_at, measured, recently_called, unease
from tocsin.observations.rules.model import Eye, Rollups

ONSET = NOW - timedelta(minutes=5)


def failing_since_onset(service: str = "sts") -> Rollups:
    """Twenty calls a bucket; all fail from the onset on."""
    good = minutes_of(service, now=NOW, minutes=25)
    outcomes = good.outcomes.copy()
    late = good.bucket_s >= ONSET.timestamp()
    outcomes[late, 2] = 6
    outcomes[late, 0] = 14
    return replace(good, outcomes=outcomes)


def test_a_service_that_fails_more_than_before_cannot_be_cleared() -> None:
    found = unease(failing_since_onset(), ["sts"], onset=ONSET, now=NOW)
    assert found["sts"] > 0.9


@pytest.mark.parametrize("off", [-60, 60])
def test_an_onset_that_is_a_minute_off_matters_little(off: int) -> None:
    found = unease(failing_since_onset(), ["sts"], onset=ONSET + timedelta(seconds=off), now=NOW)
    assert found["sts"] > 0.9


def test_a_service_that_runs_as_before_is_cleared() -> None:
    assert unease(minutes_of("sts", now=NOW, minutes=25), ["sts"], onset=ONSET, now=NOW)["sts"] == 0.0


def test_a_service_that_is_better_than_before_is_cleared() -> None:
    better = minutes_of("sts", now=NOW, failing_before_s=int(ONSET.timestamp()), minutes=25)
    assert unease(better, ["sts"], onset=ONSET, now=NOW)["sts"] == 0.0


def test_without_minutes_before_the_onset_nothing_is_said() -> None:
    assert unease(failing_since_onset(), ["sts"], onset=NOW - timedelta(minutes=29), now=NOW) == {}
    assert unease(failing_since_onset(), [], onset=ONSET, now=NOW) == {}


def test_a_service_nobody_called_is_not_uneasy() -> None:
    assert unease(failing_since_onset(), ["tsa"], onset=ONSET, now=NOW) == {"tsa": 0.0}


def test_what_is_measured_is_summed_by_minute() -> None:
    seen = measured(failing_since_onset(), ["tsa", "sts"], now=NOW, with_durations=True)
    assert seen.calls.shape == (4, STEPS)
    assert seen.calls[1, -1] == 120
    assert seen.failing[1, -1] == pytest.approx(0.3)
    assert np.isfinite(seen.seconds[1, -1])
    assert seen.calls[0].sum() == 0
    assert np.isnan(seen.failing[0]).all()


def test_vantages_and_services_that_nobody_knows_are_left_out() -> None:
    odd = replace(failing_since_onset(), vantages=("elsewhere",))
    assert measured(odd, ["sts"], now=NOW).calls.sum() == 0
    assert measured(failing_since_onset("never"), ["sts"], now=NOW).calls.sum() == 0


def test_the_course_leaves_its_usual_at_the_onset() -> None:
    (course,) = courses(failing_since_onset(), ["sts", "tsa"], onset=ONSET, now=NOW, worst={"sts": signal("sts")})
    assert course.service == "sts"
    assert course.started_at == first_step_at(NOW)
    assert len(course.deviations) == STEPS
    assert course.deviations[0] is None
    assert max(value for value in course.deviations[6:24] if value is not None) < 1
    assert min(value for value in course.deviations[-4:] if value is not None) > 10


@pytest.mark.parametrize("kind", ["latency", "volume"])
def test_slowness_and_missing_calls_have_a_course_of_their_own(kind: str) -> None:
    calm_until = int(ONSET.timestamp())
    good = minutes_of("sts", now=NOW, minutes=25)
    late = good.bucket_s >= calm_until
    durations = good.durations.copy()
    durations[late] = 0
    durations[late, 35] = 20
    outcomes = good.outcomes.copy()
    outcomes[late, 0] = 2
    worst = signal("sts", "latency" if kind == "latency" else "volume")
    (course,) = courses(
        replace(good, durations=durations, outcomes=outcomes), ["sts"], onset=ONSET, now=NOW, worst={"sts": worst}
    )
    last = course.deviations[-2]
    assert last is not None
    assert last > 3


def test_a_probes_signal_is_drawn_from_what_the_front_sees() -> None:
    (course,) = courses(
        failing_since_onset(), ["sts"], onset=ONSET, now=NOW, worst={"sts": signal("sts", "probe", eye=Eye.PROBES)}
    )
    assert course.service == "sts"


def test_who_was_called_lately_is_known() -> None:
    rollups = minutes_of("sts", now=NOW, minutes=20)
    assert recently_called(rollups, since=NOW - timedelta(minutes=5)) == {"sts"}
    assert recently_called(rollups, since=NOW + timedelta(minutes=5)) == frozenset()
