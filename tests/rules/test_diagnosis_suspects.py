"""Who is suspected of what fails, on hand-made judgements."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from situations import NOW, ONSET, belgium, evidence, judgement, signal
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import ChangeEvent
from tocsin.detection.rules.model import Judgement, Signal, State
from tocsin.diagnosis.rules.model import Explanation
from tocsin.diagnosis.rules.suspects import MOST_SUSPECTS, explain
from tocsin.diagnosis.rules.troubles import badness
from tocsin.observations.rules.model import Evidence, Eye, Notice

MYCARENET = [service.id for service in belgium().services.values() if "mcn_core" in service.needs]
USED = [name for name in belgium().services if any(name in each.uses for each in belgium().functions.values())]
RECIPE = ["recipe_prescriber", "recipe_executor"]


def explained(
    said: Judgement, *, seen: Evidence | None = None, changes: Sequence[ChangeEvent] = (), pack: Pack | None = None
) -> tuple[Explanation, ...]:
    return explain(said, evidence=seen or evidence(), changes=changes, pack=pack or belgium(), now=NOW)


def leading(explanations: Sequence[Explanation]) -> list[str]:
    return [explanation.suspects[0].id for explanation in explanations]


def test_when_all_is_well_nobody_is_suspected() -> None:
    assert explained(judgement()) == ()


@pytest.mark.parametrize("service", USED)
def test_a_service_that_fails_alone_is_suspected_itself(service: str) -> None:
    (explanation,) = explained(judgement([signal(service)], failing=_users(service)))
    assert explanation.suspects[0].id == service


def _users(service: str) -> dict[str, State]:
    return {name: State.DOWN for name, function in belgium().functions.items() if service in function.uses}


def test_a_service_that_needs_the_failing_one_is_a_victim() -> None:
    (explanation,) = explained(judgement([signal("access"), signal("sts", observed=0.29)]))
    assert explanation.suspects[0].id == "access"
    victim = next(suspect for suspect in explanation.suspects if suspect.id == "sts")
    assert "suspect.need_fails" in [reason.code for reason in victim.reasons]


def test_infrastructure_without_telemetry_shows_in_those_that_need_it() -> None:
    (explanation,) = explained(judgement([signal(service) for service in MYCARENET]))
    assert explanation.suspects[0].id == "mcn_core"
    assert explanation.suspects[0].partner == "cin"
    assert set(explanation.services) == set(MYCARENET)


def test_calls_that_never_arrive_accuse_the_network_between() -> None:
    said = judgement(
        [
            *(signal(service, "volume", observed=20, expected=100) for service in RECIPE),
            *(signal(service, "timeouts", eye=Eye.CLIENT, observed=0.9, expected=0.001) for service in RECIPE),
        ]
    )
    (explanation,) = explained(said)
    assert [suspect.id for suspect in explanation.suspects[:2]] == ["net_proximus", "recipe"]
    assert "suspect.calls_do_not_arrive" in [reason.code for reason in explanation.suspects[0].reasons]


def test_the_network_is_found_with_the_client_eye_off() -> None:
    said = judgement(
        [
            *(signal(service, "volume", observed=20, expected=100) for service in RECIPE),
            signal("sts", "volume", observed=80, expected=100, strength=20),
            signal("esb", "volume", observed=70, expected=100, strength=20),
        ]
    )
    (explanation,) = explained(said)
    assert explanation.suspects[0].id == "net_proximus"


def test_one_lone_failing_service_is_not_laid_to_its_network() -> None:
    (explanation,) = explained(judgement([signal("recipe_executor")]))
    assert explanation.suspects[0].id == "recipe_executor"


def test_a_partner_is_suspected_when_its_things_share_nothing_else() -> None:
    hubs = [each.id for each in belgium().services.values() if each.partner == "hubs"]
    (explanation,) = explained(judgement([signal(service) for service in hubs]))
    assert explanation.suspects[0].id == "hubs"


def test_one_package_failing_everywhere_is_the_package() -> None:
    said = judgement([signal(service, packages=("gp-b",)) for service in ("ehbox", "consult_rn", "vaccinnet")])
    (explanation,) = explained(said)
    assert explanation.suspects[0].id == "gp-b"
    assert "suspect.only_package" in [reason.code for reason in explanation.suspects[0].reasons]


def test_two_packages_failing_on_one_service_are_the_service() -> None:
    said = judgement(
        [signal("etk_depot", packages=("gp-c", "nurse-a"))],
        failing={"open_session": State.DEGRADED},
        packages=("gp-c", "nurse-a"),
    )
    (explanation,) = explained(said)
    assert explanation.suspects[0].id == "etk_depot"
    assert explanation.packages == ("gp-c", "nurse-a")


def test_two_independent_faults_are_two_explanations() -> None:
    explanations = explained(judgement([signal("vaccinnet"), signal("ehbox")]))
    assert sorted(leading(explanations)) == ["ehbox", "vaccinnet"]
    functions = [{subject.function for subject in each.subjects} for each in explanations]
    assert sorted(map(sorted, functions)) == [["check_vaccination"], ["exchange_messages"]]


def test_ten_symptoms_of_one_fault_are_one_explanation() -> None:
    said = judgement([signal("access"), signal("sts"), signal("esb"), *(signal(service) for service in MYCARENET[:6])])
    (explanation,) = explained(said)
    assert explanation.suspects[0].id == "access"


def test_an_unapproved_configuration_tips_the_scale() -> None:
    drift = ChangeEvent(ONSET - timedelta(hours=2), "restarted", "CHG-1", ("kgss",), "", "b", "b", "a")
    said = judgement([signal("kgss", observed=0.2), signal("ehbox", observed=0.21)])
    (first, *_) = explained(said, changes=[drift])
    assert first.suspects[0].id == "kgss"
    assert first.suspects[0].change == "CHG-1"
    assert "drift.running_not_approved" in [reason.code for reason in first.suspects[0].reasons]


def test_a_change_of_something_healthy_accuses_nobody() -> None:
    change = ChangeEvent(ONSET - timedelta(hours=1), "finished", "CHG-1", ("tsa",), "")
    (explanation,) = explained(judgement([signal("vaccinnet")]), changes=[change])
    assert "tsa" not in [suspect.id for suspect in explanation.suspects]
    assert all(suspect.change is None for suspect in explanation.suspects)


def test_an_emergency_change_is_not_taken_for_the_cause() -> None:
    emergency = ChangeEvent(NOW - timedelta(minutes=1), "started", "EMG-1", ("sts",), "")
    (explanation,) = explained(judgement([signal("sts")]), changes=[emergency])
    assert explanation.suspects[0].change is None


def test_a_partners_notice_is_shown_and_weighs_little() -> None:
    notice = Notice(NOW, "ehealth", ("sts",), "investigating", "", None)
    said = judgement([signal("access"), signal("sts", observed=0.28)])
    (explanation,) = explained(said, seen=evidence(notices=[notice]))
    assert explanation.suspects[0].id == "access"
    told = next(suspect for suspect in explanation.suspects if suspect.id == "sts")
    assert "suspect.notice" in [reason.code for reason in told.reasons]


def test_a_notice_that_was_taken_back_says_nothing() -> None:
    notices = [
        Notice(NOW - timedelta(hours=1), "ehealth", ("sts",), "down", "", None),
        Notice(NOW - timedelta(minutes=9), "ehealth", ("sts",), "resolved", "", None),
    ]
    (explanation,) = explained(judgement([signal("sts")]), seen=evidence(notices=notices))
    assert all(reason.code != "suspect.notice" for each in explanation.suspects for reason in each.reasons)


def test_reports_alone_accuse_what_only_the_failing_functions_need() -> None:
    said = judgement(failing={"prescribe": State.DOWN, "dispense": State.DOWN}, eyes=frozenset({Eye.PANEL}))
    (explanation,) = explained(said)
    assert explanation.services == ()
    assert explanation.suspects[0].id in {"net_proximus", "recipe", *RECIPE}
    assert "net_proximus" in [suspect.id for suspect in explanation.suspects[:3]]


def test_more_calls_than_usual_are_no_trouble() -> None:
    said = judgement(
        [signal("ehbox"), signal("etk_depot", "volume", observed=200, expected=100)],
        failing={"exchange_messages": State.DOWN},
    )
    assert leading(explained(said)) == ["ehbox"]


@pytest.mark.parametrize("services", [["access", "sts"], MYCARENET, ["ehbox", "vaccinnet", "tsa"]])
def test_scores_are_shares_of_belief_best_first(services: list[str]) -> None:
    for explanation in explained(judgement([signal(service) for service in services])):
        scores = [suspect.score for suspect in explanation.suspects]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert sum(scores) <= 1
        assert len(scores) <= MOST_SUSPECTS


@pytest.mark.parametrize(
    ("given", "bad"),
    [
        (signal("sts", observed=0.3, expected=0.1), 0.2),
        (signal("sts", "latency", observed=0.55, expected=0.05), 0.5),
        (signal("sts", "latency", eye=Eye.PROBES, observed=400, expected=100), 0.5),
        (signal("sts", "latency", eye=Eye.PROBES, observed=400, expected=0), 0.0),
        (signal("sts", "volume", observed=25, expected=100), 0.75),
        (signal("sts", "volume", observed=25, expected=0), 0.0),
        (signal("sts", "errors", observed=7, expected=0), 0.5),
    ],
)
def test_badness_is_a_share_of_calls_whatever_the_kind(given: Signal, bad: float) -> None:
    assert badness(given) == pytest.approx(bad)


def test_the_onset_of_a_fault_is_that_of_its_first_symptom() -> None:
    early = ONSET - timedelta(minutes=2)
    (explanation,) = explained(judgement([signal("access", since=early), signal("sts")]))
    assert explanation.since == early


def test_a_package_that_one_eye_names_already_is_suspected_though_another_sees_too_little_yet() -> None:
    said = judgement(
        [
            signal("sts", "rejected", strength=20.0, packages=("pharmacy-a",)),
            signal("sts", "rejected", eye=Eye.CLIENT, strength=20.1),
        ]
    )
    (explanation,) = explained(said)
    assert explanation.suspects[0].id == "sts"
    assert "pharmacy-a" in [suspect.id for suspect in explanation.suspects[:3]]
    nobody = judgement([signal("sts", "rejected"), signal("sts", "rejected", eye=Eye.CLIENT)])
    assert "pharmacy-a" not in [suspect.id for suspect in explained(nobody)[0].suspects]
