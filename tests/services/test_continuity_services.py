"""Activations in the database: the engine's, and what duty officers decide about them."""

from dataclasses import replace

import pytest

from announcements import at, incident
from tocsin.audit.queries import newest
from tocsin.continuity import queries, services
from tocsin.continuity.errors import ActivationStateError, UnknownActivationError
from tocsin.continuity.rules.activation import BOX, duties_of
from tocsin.continuity.rules.model import Activation
from tocsin.incidents.queries import timeline
from tocsin.incidents.rules.model import IncidentEvent, Phase
from tocsin.incidents.services import apply
from tocsin.kernel.errors import InputError

REAL = "dispense-on-paper-proof"

PROPOSED = Activation(
    procedure="dispense-paper",
    procedure_version="1",
    incident="2026-03-02-1",
    state="proposed",
    start=at(3),
    until=None,
    by="policy",
    audiences=("pharmacist",),
    packages=None,
    regions=None,
)


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _an_incident(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("db")
    apply([IncidentEvent("opened", at(2), incident(phase=Phase.CONFIRMED, closed_at=None))], actor="engine", now=at(2))


def proposed() -> int:
    services.sync([PROPOSED], now=at(3))
    return queries.rows_of("2026-03-02-1")[0].pk


def kinds() -> list[str]:
    return [entry.kind for entry in timeline("2026-03-02-1")]


def test_an_activation_comes_back_as_it_was_stored() -> None:
    narrow = replace(PROPOSED, packages=("pharmacy-a",), regions=("BE-WLG",), until=at(90))
    services.sync([narrow], now=at(3))
    assert queries.current(at(4)) == (narrow,)


def test_what_the_engine_proposes_is_told_once() -> None:
    proposed()
    services.sync([PROPOSED], now=at(4))
    assert kinds() == ["opened", "activation_proposed"]
    assert newest()[-1].action == "procedure.proposed"


def test_what_the_engine_changes_is_stored_and_told() -> None:
    proposed()
    active = replace(PROPOSED, state="active", start=at(5))
    services.sync([active], now=at(5))
    assert queries.current(at(5)) == (active,)
    assert kinds()[-1] == "activation_active"


def test_confirming_puts_a_proposal_in_force_from_now() -> None:
    row = services.confirm_activation(proposed(), by="ann", now=at(6))
    assert (row.state, row.start, row.by) == ("active", at(6), "ann")
    assert (newest()[-1].actor, newest()[-1].action) == ("ann", "procedure.confirmed")
    with pytest.raises(ActivationStateError):
        services.confirm_activation(row.pk, by="bob", now=at(7))


def test_only_what_is_in_force_is_extended_and_only_into_the_future() -> None:
    number = proposed()
    with pytest.raises(ActivationStateError) as caught:
        services.extend_activation(number, until=at(90), by="ann", now=at(6))
    assert caught.value.facts == {"state": "proposed"}
    services.confirm_activation(number, by="ann", now=at(6))
    assert services.extend_activation(number, until=at(90), by="ann", now=at(7)).until == at(90)
    with pytest.raises(InputError) as refused:
        services.extend_activation(number, until=at(7), by="ann", now=at(7))
    assert refused.value.code == "activation.until_past"


def test_ending_what_was_in_force_leaves_its_duties_from_now() -> None:
    number = proposed()
    services.confirm_activation(number, by="ann", now=at(6))
    row = services.end_activation(number, by="ann", now=at(20))
    assert (row.state, row.until) == ("ended", at(20))
    assert kinds()[-1] == "activation_ended"


def in_force(procedure: str = REAL) -> int:
    services.sync([replace(PROPOSED, procedure=procedure)], now=at(3))
    (row,) = queries.rows_of("2026-03-02-1")
    services.confirm_activation(row.pk, by="ann", now=at(6))
    return row.pk


def test_what_is_put_in_force_has_an_end_from_the_start() -> None:
    in_force()

    (activation,) = queries.current(at(7))
    assert (activation.until, activation.legal_state) == (at(6) + BOX, "activated")


def test_an_end_creates_what_is_left_to_do_with_its_deadlines_in_every_language() -> None:
    services.end_activation(in_force(), by="ann", now=at(20))

    left = queries.left_to_do("2026-03-02-1")
    wanted = queries.configured_procedures()[REAL].duties
    assert left
    assert [one.text for one in left] == [duty.text for duty in wanted]
    assert [one.due_at for one in left] == [duty.within and at(20) + duty.within for duty in wanted]
    assert {one.ended_at for one in left} == {at(20)}


def test_the_engines_end_leaves_the_same() -> None:
    in_force()
    (activation,) = queries.current(at(7))
    services.sync([replace(activation, state="ended", until=at(30))], now=at(30))

    assert {one.ended_at for one in queries.left_to_do("2026-03-02-1")} == {at(30)}


def test_one_whose_time_was_up_comes_back_into_force_while_the_incident_lasts_and_leaves_nothing_yet() -> None:
    number = in_force()
    services.end_activation(number, by="ann", now=at(20))
    row = services.extend_activation(number, until=at(90), by="bob", now=at(25))

    assert (row.state, row.until, row.by) == ("active", at(90), "bob")
    assert queries.left_to_do("2026-03-02-1") == ()


def test_after_the_incident_the_usual_rules_hold_again_for_everybody() -> None:
    number = in_force()
    services.end_activation(number, by="ann", now=at(20))
    apply([IncidentEvent("closed", at(40), incident(phase=Phase.RESOLVED, closed_at=at(40)))], actor="e", now=at(40))

    with pytest.raises(ActivationStateError):
        services.extend_activation(number, until=at(90), by="bob", now=at(41))


def test_a_proposal_that_was_set_aside_cannot_be_extended_into_force() -> None:
    number = proposed()
    services.end_activation(number, by="ann", now=at(6))
    with pytest.raises(ActivationStateError):
        services.extend_activation(number, until=at(90), by="ann", now=at(7))


def test_that_policy_keeps_a_procedure_in_force_longer_is_told_as_just_that() -> None:
    in_force()
    (activation,) = queries.current(at(7))
    services.sync([replace(activation, until=at(500))], now=at(8))

    assert kinds()[-1] == "activation_extended"


def test_a_refused_proposal_leaves_no_duties_and_stays_refused() -> None:
    row = services.end_activation(proposed(), by="ann", now=at(6))
    assert (row.until, row.by) == (row.start, "ann")
    assert duties_of(queries.current(at(7)), {}) == ()
    with pytest.raises(ActivationStateError):
        services.end_activation(row.pk, by="ann", now=at(8))


def test_an_activation_that_is_not_there_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownActivationError) as caught:
        services.confirm_activation(99, by="ann", now=at(6))
    assert caught.value.http_status == 404


def test_activations_of_long_closed_incidents_no_longer_count() -> None:
    proposed()
    apply([IncidentEvent("closed", at(70), incident())], actor="engine", now=at(70))
    assert len(queries.current(at(80))) == 1
    assert queries.current(at(70 + 24 * 60 + 1)) == ()
