"""What a duty officer is told to look into, of which nothing is public."""

from dataclasses import replace
from datetime import UTC, datetime

from tocsin.detection.rules.doubts import CROWD_ASKS
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.kernel.reasons import Reason
from tocsin.observations.crowd import Crowd
from tocsin.observations.rules.model import Eye
from tocsin.web.attention import Worry, worries

NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
SAID = Crowd("dispense", CROWD_ASKS + 1, {"pharmacist": CROWD_ASKS, "hospital": 1})


def judged(state: State = State.OK) -> Judgement:
    subjects = [Subject("dispense", audience) for audience in ("pharmacist", "hospital")]
    seen = {each: Verdict(each, state, 0.9, NOW, frozenset({Eye.FRONT}), ()) for each in subjects}
    return Judgement(NOW, seen, (), {})


def test_many_visitors_whom_no_eye_bears_out_are_worth_a_look() -> None:
    reason = Reason("crowd.unborne", {"visitors": CROWD_ASKS})
    assert worries([SAID], judged(), incidents=()) == (Worry("dispense", "pharmacist", reason),)


def test_what_an_eye_or_an_open_incident_says_needs_no_second_word() -> None:
    known = Incident(
        id="2026-03-04-1",
        opened_at=NOW,
        hit_since=NOW,
        phase=Phase.CONFIRMED,
        phase_since=NOW,
        state=State.DOWN,
        confidence=0.9,
        eyes=frozenset({Eye.FRONT}),
        functions=("dispense",),
        audiences=None,
        packages=None,
        regions=None,
        suspects=(),
        change=None,
        reasons=(),
    )
    assert worries([SAID], judged(State.DOWN), incidents=()) == ()
    assert worries([SAID], judged(), incidents=[known]) == ()
    assert worries([SAID], judged(), incidents=[replace(known, phase=Phase.RESOLVED)]) != ()
    assert worries([SAID], None, incidents=()) == ()
