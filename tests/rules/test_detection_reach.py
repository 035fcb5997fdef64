"""Which functions a finding tells of, and for whom."""

import pytest

from situations import NOW, belgium
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.reach import Reach
from tocsin.observations.rules.model import Eye


def told(service: str, packages: tuple[str, ...] | None, *, share: float = 0.8) -> set[tuple[str, str]]:
    """Return the functions and audiences that rejections at the service tell of."""
    pack = belgium()
    reach = Reach.of(pack)
    found = Found(Signal(service, Eye.FRONT, "rejected", 40.0, share, 0.01, NOW, packages=packages), share)
    return {
        (function.id, audience)
        for function in pack.functions.values()
        for audience in function.audiences
        if reach.telling(function, audience, [found])
    }


def test_one_software_that_fails_at_log_in_has_trouble_with_logging_in() -> None:
    assert told("sts", ("pharmacy-a",)) == {("open_session", "pharmacist")}


def test_a_whole_profession_that_cannot_log_in_cannot_do_anything() -> None:
    hit = told("sts", ("pharmacy-a", "pharmacy-b"))

    assert {audience for _, audience in hit} == {"pharmacist"}
    assert {("open_session", "pharmacist"), ("dispense", "pharmacist"), ("tarify", "pharmacist")} <= hit


@pytest.mark.parametrize("service", ["sts", "access"])
def test_everybody_who_cannot_log_in_cannot_do_anything(service: str) -> None:
    pack = belgium()

    assert {function for function, _ in told(service, None)} == set(pack.functions)


def test_one_software_that_fails_at_a_service_of_its_own_is_told_of_there() -> None:
    assert told("recipe_executor", ("pharmacy-a",)) == {("dispense", "pharmacist")}


def test_packages_of_other_professions_tell_of_nobody_else() -> None:
    assert {audience for _, audience in told("mcn_insurability", ("nurse-a",))} == {"nurse"}


def test_what_some_packages_call_at_log_in_alone_fails_there_unless_nearly_all_their_calls_do() -> None:
    assert {function for function, _ in told("etk_depot", ("gp-c",), share=0.5)} == {"open_session"}
    assert ("prescribe", "doctor") in told("etk_depot", ("gp-c",), share=0.95)
