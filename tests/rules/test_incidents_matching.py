"""Which explanation belongs to which incident, and when a fault is clearly another one."""

from dataclasses import replace

import pytest

from situations import NOW, ONSET, belgium, evidence, judgement, signal
from tocsin.catalog.rules.graph import graph_of
from tocsin.detection.rules.model import State, Subject
from tocsin.diagnosis.rules.model import Explanation, Suspect
from tocsin.diagnosis.rules.suspects import explain
from tocsin.incidents.rules.matching import assign, is_independent
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.rules.steering import next_steps


def explanation_of(service: str) -> Explanation:
    said = judgement([signal(service)])
    (found,) = explain(said, evidence=evidence(now=NOW), changes=(), pack=belgium(), now=NOW)
    return found


def incident_of(service: str) -> Incident:
    said = judgement([signal(service)])
    found = (explanation_of(service),)
    (event,) = next_steps([], said, found, evidence=evidence(now=NOW), pack=belgium(), now=NOW)
    return event.incident


@pytest.mark.parametrize(
    ("first", "second", "is_clear"),
    [
        ("vaccinnet", "ehbox", True),
        ("sts", "access", False),
        ("access", "sts", False),
        ("mcn_core", "mcn_efact", False),
    ],
)
def test_faults_are_independent_when_neither_could_be_behind_the_other(
    first: str, second: str, *, is_clear: bool
) -> None:
    incident = replace(incident_of("ehbox"), suspects=(Suspect(first, 0.9, ()),), services=(first,))
    said = is_independent(explanation_of(second), [incident], pack=belgium(), graph=graph_of(belgium()))
    assert said is is_clear


def test_a_hardly_believed_suspect_makes_no_dependence_but_the_same_province_does() -> None:
    graph = graph_of(belgium())
    incident = replace(
        incident_of("vaccinnet"), suspects=(Suspect("vaccinnet", 0.9, ()), Suspect("net_belnet", 0.02, ()))
    )
    ehbox = explanation_of("ehbox")
    assert is_independent(ehbox, [incident], pack=belgium(), graph=graph)
    cut_off = replace(incident, regions=("BE-WLX",))
    assert not is_independent(replace(ehbox, regions=("BE-WLX", "BE-WLG")), [cut_off], pack=belgium(), graph=graph)
    assert is_independent(replace(ehbox, regions=("BE-VAN",)), [cut_off], pack=belgium(), graph=graph)
    assert not is_independent(ehbox, [replace(incident, suspects=())], pack=belgium(), graph=graph)
    assert not is_independent(replace(ehbox, services=()), [incident], pack=belgium(), graph=graph)


def test_what_no_service_accounts_for_goes_with_the_incident_that_lists_it() -> None:
    incident = replace(incident_of("ehbox"), functions=("exchange_messages", "check_vaccination"))
    rest = Explanation((Subject("check_vaccination", "doctor"),), (), since=ONSET)
    matched, unmatched = assign([explanation_of("ehbox"), rest], [incident], pack=belgium())
    assert [len(found) for found in matched.values()] == [2]
    assert unmatched == []
    rival = replace(rest, services=("vaccinnet",), suspects=(Suspect("vaccinnet", 0.9, ()),))
    assert assign([explanation_of("ehbox"), rival], [incident], pack=belgium())[1] == [rival]


def test_functions_stay_steady_while_a_cut_off_provinces_calls_merely_dwindle() -> None:
    dwindling = [
        signal(service, "volume", observed=10, expected=100)
        for service in ("sts", "mcn_efact", "mcn_tarification", "consult_rn")
    ]
    cut_off = signal("etk_depot", "vantage", observed=0.9, expected=0.01)
    said = judgement(
        [replace(each, regions=("BE-WLX",)) for each in (cut_off, *dwindling)],
        failing=dict.fromkeys(belgium().functions, State.DOWN),
    )
    (found,) = explain(said, evidence=evidence(now=NOW), changes=(), pack=belgium(), now=NOW)
    assert {subject.function for subject in found.subjects} == set(belgium().functions)
