"""Who must agree before a bulletin goes out."""

from dataclasses import replace
from typing import Any

import pytest

from bulletin_cases import first, incident
from tocsin.bulletins.rules.approval import SHIPPED, level, missing, needed, severity
from tocsin.bulletins.rules.model import Approval, PublicationPolicy, Severity
from tocsin.detection.rules.model import State
from tocsin.observations.rules.model import Eye

SURE = incident()
GRAVE = first(SURE)


def policy(**levels: Approval) -> PublicationPolicy:
    return PublicationPolicy(approvals=levels)  # type: ignore[arg-type]  # keyword names are severities


@pytest.mark.parametrize(
    ("changes", "crucial", "expected"),
    [
        ({}, None, "grave"),
        ({}, frozenset({"dispense"}), "grave"),
        ({}, frozenset({"attest"}), "serious"),
        ({"packages": ("pharmacy-a",)}, None, "serious"),
        ({"regions": ("BE-WLG",)}, None, "serious"),
        ({"state": State.DEGRADED}, None, "limited"),
        ({"state": State.UNKNOWN}, None, "limited"),
        ({"state": State.OK}, None, "limited"),
    ],
)
def test_how_much_hangs_on_it(changes: dict[str, Any], crucial: frozenset[str] | None, expected: Severity) -> None:
    bulletin = replace(GRAVE, functions=("dispense",), packages=None, regions=None)
    assert severity(replace(bulletin, **changes), crucial=crucial) == expected


def test_as_shipped_speed_counts_where_we_are_sure_and_a_person_where_we_are_not() -> None:
    assert SHIPPED == {"grave": "automatic", "serious": "automatic", "limited": "automatic", "unsure": "one_click"}
    assert needed(GRAVE, SURE, policy=policy()).approval == "automatic"
    assert needed(GRAVE, incident(confidence=0.5), policy=policy()).approval == "one_click"
    assert needed(GRAVE, incident(eyes=frozenset({Eye.FRONT})), policy=policy()).approval == "one_click"


def test_what_rests_on_the_panel_alone_says_that_it_is_not_sure_and_is_weighed_as_such() -> None:
    hearsay = incident(eyes=frozenset({Eye.PANEL}), confidence=0.5)
    unclear = replace(GRAVE, state=State.UNKNOWN)
    assert needed(unclear, hearsay, policy=policy(unsure="two_people")).approval == "automatic"


def test_the_stricter_of_two_levels_counts_and_both_reasons_are_told() -> None:
    weak = incident(confidence=0.5)
    need = needed(GRAVE, weak, policy=policy(grave="two_people"))
    assert (need.approval, need.people) == ("two_people", 2)
    assert [reason.code for reason in need.reasons] == ["approval.severity", "approval.unsure"]


@pytest.mark.parametrize("kind", ["holding", "retraction", "end"])
def test_nobody_waits_for_a_second_person_to_hear_what_claims_little(kind: Any) -> None:
    need = needed(replace(GRAVE, kind=kind), SURE, policy=policy(grave="two_people"))
    assert (need.approval, need.people) == ("one_click", 1)
    assert need.reasons[-1].code == "approval.claims_little"
    assert level(replace(GRAVE, kind=kind), policy=policy()) == "automatic"


@pytest.mark.parametrize("kind", ["first", "update", "correction"])
def test_whatever_claims_something_needs_what_its_severity_needs(kind: Any) -> None:
    assert level(replace(GRAVE, kind=kind), policy=policy(grave="two_people")) == "two_people"


def test_nobody_counts_twice() -> None:
    two = needed(GRAVE, SURE, policy=policy(grave="two_people"))
    assert [missing(two, by) for by in ((), ("ann",), ("ann", "ann"), ("ann", "bob"))] == [2, 1, 1, 0]
    one = needed(GRAVE, SURE, policy=policy())
    assert missing(one, ("ann",)) == 0
