"""What a tick judged, in the database."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from situations import NOW, ONSET, calm, judgement, signal
from tocsin.detection.models import SeriesPoint, Snapshot, VerdictChange
from tocsin.detection.queries import Pulse, last_judgement, pulse
from tocsin.detection.rules.model import State
from tocsin.detection.rules.series import FunctionPoint
from tocsin.detection.services import SERIES_KEPT, leave_pulse, save_judgement, save_series
from tocsin.diagnosis.queries import snapshot, stored_explanations
from tocsin.diagnosis.rules.model import Explanation, Suspect
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye

pytestmark = pytest.mark.django_db
BROKEN = replace(judgement([signal("sts", packages=("gp-a",))]), blind={Eye.PANEL: ONSET})


def test_nothing_was_judged_before_the_first_tick() -> None:
    assert last_judgement() is None
    assert snapshot() is None


def test_a_judgement_comes_back_whole_and_in_order() -> None:
    save_judgement(BROKEN, explanations=[])
    back = last_judgement()
    assert back == BROKEN
    assert back is not None
    assert list(back.verdicts) == list(BROKEN.verdicts)


def test_explanations_are_kept_beside_the_judgement_they_explain() -> None:
    suspect = Suspect("sts", 0.8, (Reason("suspect.signal", {"observed": 0.3}),), change="chg-1", partner="platform")
    explained = (Explanation(tuple(BROKEN.verdicts)[:2], (suspect,), packages=("gp-a",)),)
    save_judgement(BROKEN, explanations=stored_explanations(explained))
    assert snapshot() == (NOW, BROKEN, explained)


def test_the_first_judgement_is_a_change_of_everything_and_the_next_of_what_changed() -> None:
    save_judgement(calm(), explanations=[])
    assert VerdictChange.objects.count() == len(calm().verdicts)
    save_judgement(calm(), explanations=[])
    assert VerdictChange.objects.count() == len(calm().verdicts)
    save_judgement(BROKEN, explanations=[])
    failing = [verdict for verdict in BROKEN.verdicts.values() if verdict.state is State.DOWN]
    added = VerdictChange.objects.order_by("id")[len(calm().verdicts) :]
    assert [(row.function, row.audience, row.state, row.since) for row in added] == [
        (verdict.subject.function, verdict.subject.audience, "down", ONSET) for verdict in failing
    ]
    assert failing
    assert Snapshot.objects.count() == 1


def test_the_engines_pulse_is_left_for_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "engine.json"
    for place in ("queries", "services"):
        monkeypatch.setattr(f"tocsin.detection.{place}.pulse_file", lambda: path)
    assert pulse() is None
    beat = Pulse(
        NOW, NOW, ticks=3, skipped=1, failures=1, last_failure_at=ONSET, last_failure="OSError: x", tick_ms=4.2
    )
    leave_pulse(beat)
    assert pulse() == beat
    assert [file.name for file in tmp_path.iterdir()] == ["engine.json"]


def test_a_minute_is_kept_once_and_forgotten_when_no_chart_shows_it() -> None:
    def point(at: datetime) -> FunctionPoint:
        return FunctionPoint("prescribe", at, failing_share=0.2, expected_low=0.0, expected_high=0.02)

    save_series([])
    save_series([point(NOW)])
    save_series([point(NOW)])
    assert SeriesPoint.objects.count() == 1
    later = NOW + SERIES_KEPT + timedelta(minutes=1)
    save_series([point(later)])
    assert [row.at for row in SeriesPoint.objects.all()] == [later]
