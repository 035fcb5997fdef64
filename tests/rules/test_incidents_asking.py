"""What the panel is asked because an answer would tell an incident's first two suspects apart."""

from dataclasses import replace
from datetime import timedelta

from situations import NOW, belgium, evidence, judgement, signal
from tocsin.diagnosis.rules.model import Question
from tocsin.diagnosis.rules.suspects import explain
from tocsin.incidents.rules.asking import telling_doubts
from tocsin.incidents.rules.model import Incident, Phase
from tocsin.incidents.rules.steering import next_steps
from tocsin.kernel.reasons import Reason

PANEL = Question("panel", "sts", "access", Reason("ask.panel"), function="dispense", audience="pharmacist")
PROBE = Question("probe", "sts", "access", Reason("ask.probe"), service="kgss")


def incident(*questions: Question) -> Incident:
    said = judgement([signal("sts")])
    found = explain(said, evidence=evidence(now=NOW), changes=(), pack=belgium(), now=NOW)
    (event,) = next_steps([], said, found, evidence=evidence(now=NOW), pack=belgium(), now=NOW)
    return replace(event.incident, questions=questions)


def test_what_tells_suspects_apart_is_asked_where_it_is_hit() -> None:
    local = replace(incident(PROBE, PANEL), regions=("BE-WLX",), packages=("pharmacy-a",))
    (doubt,) = telling_doubts([local])
    assert (doubt.function, doubt.audience) == ("dispense", "pharmacist")
    assert (doubt.packages, doubt.regions) == (("pharmacy-a",), ("BE-WLX",))
    assert doubt.reason == Reason("poll.tells_apart", {"suspect": "sts", "other": "access"})


def test_a_question_for_another_software_goes_to_those_who_have_it() -> None:
    with_other = replace(incident(replace(PANEL, package="pharmacy-b")), packages=("pharmacy-a",))
    assert [doubt.packages for doubt in telling_doubts([with_other])] == [("pharmacy-b",)]


def test_exercises_ask_nobody_and_neither_does_what_is_over_or_gets_better() -> None:
    asking = incident(PANEL)
    assert telling_doubts([replace(asking, is_drill=True)]) == ()
    assert telling_doubts([replace(asking, phase=Phase.RESOLVED)]) == ()
    assert telling_doubts([replace(asking, good_since=NOW - timedelta(minutes=1))]) == ()
    assert telling_doubts([incident(PROBE), asking]) == telling_doubts([asking])
    nobody = replace(PANEL, audience=None)
    assert telling_doubts([incident(nobody, replace(PANEL, function=None))]) == ()
