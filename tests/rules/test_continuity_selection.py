from dataclasses import replace

import pytest

from parsed_packs import pack, procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.continuity.rules.selection import is_single_package_fault, procedures_for
from tocsin.detection.rules.model import State


def chosen(
    *functions: str,
    audience: str = "doctor",
    state: State = State.DOWN,
    packages: tuple[str, ...] | None = None,
    is_login_fault: bool = False,
    failing: tuple[str, ...] = (),
    among: dict[str, Procedure] | None = None,
) -> list[str]:
    found = procedures_for(
        functions=functions,
        audience=audience,
        state=state,
        packages=packages,
        procedures=among if among is not None else procedures(),
        pack=pack(),
        is_login_fault=is_login_fault,
        failing=failing,
    )
    return [procedure.id for procedure in found]


def test_an_electronic_way_comes_before_paper() -> None:
    assert chosen("prescribe") == ["prescribe-second-way", "prescribe-on-paper"]


def test_order_does_not_depend_on_how_functions_are_listed() -> None:
    expected = chosen("prescribe", "bill", "attest")
    assert chosen("attest", "bill", "prescribe") == expected
    assert expected[:2] == ["prescribe-second-way", "prescribe-on-paper"]


def test_a_function_of_less_weight_comes_last() -> None:
    assert chosen("register_consent", "check_vaccination") == ["vaccination-card", "consent-on-paper"]


def test_another_audience_gets_its_own_procedure_or_none() -> None:
    assert chosen("dispense", audience="doctor") == []
    assert chosen("exchange_messages", audience="laboratory") == [
        "messages-wait-in-outbox",
        "laboratory-telephones-results",
    ]
    assert "messages-by-telephone" in chosen("exchange_messages", audience="pharmacist")


@pytest.mark.parametrize("state", [State.OK, State.UNKNOWN])
def test_nobody_is_told_to_work_differently_without_trouble(state: State) -> None:
    assert chosen(*pack().functions, state=state) == []


def test_the_web_front_end_is_a_way_out_only_when_some_software_still_works() -> None:
    assert chosen("prescribe", packages=("gp-a",)) == [
        "prescribe-second-way",
        "prescribe-on-the-web",
        "prescribe-on-paper",
    ]
    assert "prescribe-on-the-web" in chosen("prescribe", audience="dentist", packages=("dentist-a",))
    everything = tuple(package for package in pack().packages)
    assert "prescribe-on-the-web" not in chosen("prescribe", packages=everything)
    assert "prescribe-on-the-web" not in chosen("prescribe", packages=None)


def test_a_fault_of_no_software_is_not_a_fault_of_some() -> None:
    assert not is_single_package_fault("prescribe", (), pack())
    assert not is_single_package_fault("dispense", ("pharmacy-a", "pharmacy-b"), pack())
    assert is_single_package_fault("dispense", ("pharmacy-a",), pack())


def test_a_way_out_that_needs_what_is_broken_is_left_out() -> None:
    assert chosen("prescribe", failing=("net_proximus",)) == ["prescribe-on-paper"]
    assert chosen("prescribe", failing=("esb",)) == ["prescribe-second-way", "prescribe-on-paper"]
    assert chosen("check_insurability", failing=("mcn_core",)) == ["insurability-on-trust"]


def test_needs_are_followed_to_the_root() -> None:
    assert chosen("prescribe", failing=("access",)) == ["prescribe-on-paper"]


def test_no_way_that_needs_a_session_is_named_in_a_log_in_fault() -> None:
    assert chosen("open_session", "prescribe", state=State.DEGRADED, is_login_fault=True) == [
        "log-in-with-certificate",
        "work-without-log-in",
        "prescribe-on-paper",
    ]


def test_another_log_in_is_left_out_once_the_log_in_service_is_the_cause() -> None:
    assert chosen("open_session", state=State.DEGRADED, is_login_fault=True, failing=("sts",)) == [
        "work-without-log-in"
    ]


def test_nobody_is_sent_to_knock_twice_where_everybody_is_refused() -> None:
    assert chosen("open_session", is_login_fault=True) == ["work-without-log-in"]


def test_what_needs_no_session_stays_in_a_log_in_fault() -> None:
    assert "messages-wait-in-outbox" in chosen("exchange_messages", is_login_fault=True)
    assert "prescribe-on-the-web" in chosen("prescribe", packages=("gp-c",), is_login_fault=True)


def test_a_procedure_for_some_software_is_named_when_that_software_is_hit() -> None:
    narrow = replace(procedures()["prescribe-on-paper"], packages=("gp-a", "gp-b"))
    among = {narrow.id: narrow}
    assert chosen("prescribe", packages=("gp-b", "gp-c"), among=among) == [narrow.id]
    assert chosen("prescribe", packages=None, among=among) == [narrow.id]
    assert chosen("prescribe", packages=("gp-c",), among=among) == []


@pytest.mark.parametrize("function", pack().functions)
@pytest.mark.parametrize("state", [State.DOWN, State.DEGRADED])
@pytest.mark.parametrize("packages", [None, ("gp-a",)])
def test_everybody_always_has_a_way_without_ict(function: str, state: State, packages: tuple[str, ...] | None) -> None:
    for audience in pack().functions[function].audiences:
        for is_login_fault in (False, True):
            named = chosen(
                function,
                audience=audience,
                state=state,
                packages=packages,
                is_login_fault=is_login_fault,
                failing=tuple(pack().services),
            )
            assert "non_ict" in {procedures()[each].kind for each in named}
