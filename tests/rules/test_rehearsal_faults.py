"""The physics of the simulated federation: a fault hits whom the truth says, as hard as it says, and nobody else."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from parsed_packs import pack
from tocsin.rehearsal.queries import load_catalogue, load_world, plan_of
from tocsin.rehearsal.rules.calls import CLIENT, ERROR, FRONT, OK, TIMEOUT, Uses, locked_out
from tocsin.rehearsal.rules.demand import Swing
from tocsin.rehearsal.rules.effects import Callers
from tocsin.rehearsal.rules.exposure import hit_by_minute
from tocsin.rehearsal.rules.faults import Fault, strength
from tocsin.rehearsal.rules.plan import Flood, Plan
from tocsin.rehearsal.rules.simulate import Rows, Scenario, simulate, two_digits
from tocsin.rehearsal.rules.truth import functions_hit
from tocsin.rehearsal.rules.variation import varied
from tocsin.rehearsal.rules.world import World

type Flags = NDArray[np.bool_]
TUESDAY = datetime(2021, 3, 9, 9, tzinfo=UTC)
BEGINS_S, ENDS_S = 300.0, 900.0


@cache
def world() -> World:
    return load_world(pack())


def plan(*faults: Fault, **given: object) -> Plan:
    made = Plan("test", "A test", TUESDAY, minutes=20, seed=7, faults=faults, volume_scale=0.03)
    return replace(made, **given)  # type: ignore[arg-type]  # what a test gives is right


def fault(effect: str = "error", cause: str = "vaccinnet", **given: object) -> Fault:
    made = Fault("partner", cause, "error", BEGINS_S, ENDS_S)
    return replace(made, effect=effect, **given)  # type: ignore[arg-type]  # as above


@cache
def quiet() -> Scenario:
    return simulate(plan(), world())


def picked(rows: Rows, service: str, vantage: int = FRONT, *, during: bool = True, package: str = "") -> Flags:
    at_s = (rows.time_us - int(TUESDAY.timestamp() * 1_000_000)) / 1e6
    # What began before the fault, or waits for its end, is left out.
    is_then = (at_s > BEGINS_S + 45) & (at_s < ENDS_S) if during else (at_s < BEGINS_S)
    meant = (rows.service == world().services.index(service)) & (rows.vantage == vantage) & is_then
    return np.asarray(meant & ((rows.package == world().packages.index(package)) if package else True))


def share(rows: Rows, meant: Flags, outcome: int) -> float:
    return float((rows.outcome[meant] == outcome).mean())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("step", [0, 1, 1, 1, 0]), ("ramp", [0, 0.05, 0.55, 1, 0]), ("flapping", [0, 1, 0, 0, 0])],
)
def test_a_fault_has_its_shape_and_no_strength_outside_its_time(shape: str, expected: list[float]) -> None:
    given = fault(shape=shape, ramp_s=600.0, period_s=480.0, end_s=1200.0)

    found = strength(given, np.array([299.0, 300.0, 600.0, 1199.0, 1200.0]))

    assert found.tolist() == pytest.approx(expected)


def test_the_same_seed_gives_the_same_scenario_and_another_seed_another() -> None:
    again, other = simulate(plan(), world()), simulate(plan(seed=8), world())

    for name in Rows.__slots__:
        assert np.array_equal(getattr(again.rows, name), getattr(quiet().rows, name))
    assert again.reports == quiet().reports
    assert again.checks == quiet().checks
    assert not np.array_equal(other.rows.time_us[:100], quiet().rows.time_us[:100])


def test_rows_come_in_order_of_time_within_the_scenario() -> None:
    times = quiet().rows.time_us

    assert (np.diff(times) >= 0).all()
    assert times[0] >= TUESDAY.timestamp() * 1e6
    assert times[-1] < (TUESDAY.timestamp() + 20 * 60) * 1e6


def test_a_fault_of_a_depth_fails_that_share_of_the_calls_it_touches() -> None:
    rows = simulate(plan(fault(cause="mcn_efact", depth=0.6)), world()).rows

    # Those who fail try again and fail again: the share among calls is that among users all the same.
    assert share(rows, picked(rows, "mcn_efact"), ERROR) == pytest.approx(0.6, abs=0.06)
    assert share(rows, picked(rows, "mcn_efact", during=False), ERROR) < 0.02
    assert share(rows, picked(rows, "mcn_insurability"), ERROR) < 0.01


def test_a_package_s_fault_leaves_other_packages_alone() -> None:
    given = fault("rejected", "gp-b", packages=("gp-b",), shows_on=("recipe_prescriber",), depth=0.9)
    rows = simulate(plan(given), world()).rows

    assert share(rows, picked(rows, "recipe_prescriber", package="gp-b"), OK) < 0.2
    assert share(rows, picked(rows, "recipe_prescriber", package="gp-c"), OK) > 0.95


def test_calls_that_get_lost_on_the_way_leave_no_row_at_the_front() -> None:
    rows = simulate(plan(fault("blocked", "net_proximus", depth=0.9)), world()).rows
    before, during = (picked(rows, "recipe_executor", during=when).sum() for when in (False, True))
    lost = picked(rows, "recipe_executor", CLIENT)

    assert during / (ENDS_S - BEGINS_S - 45) < 0.4 * before / BEGINS_S
    assert share(rows, lost, TIMEOUT) > 0.8
    assert lost.sum() > picked(rows, "recipe_executor", CLIENT, during=False).sum()
    assert share(rows, picked(rows, "recipe_executor"), TIMEOUT) < 0.02


def test_whoever_cannot_log_in_is_locked_out_a_session_after_the_other_and_comes_back() -> None:
    slots = 6 * 360
    at_s = np.arange(0, slots * 10.0, 5.0)
    nobody = np.zeros(len(at_s), dtype=np.int64)
    is_out = (at_s > 3600) & (at_s < 7200)

    shares = locked_out(Uses(Callers("open_session", at_s, nobody, nobody), is_out), world=world(), slots=slots)[0]

    assert shares[350] == 0
    # A third of the sessions ended within the hour, and could not be renewed.
    assert shares[719] == pytest.approx(1 / 3, abs=0.05)
    assert shares[1440] < 0.03


def test_a_gatekeeper_that_refuses_everybody_lets_nobody_log_in() -> None:
    rows = simulate(plan(fault("rejected", "access", depth=1.0)), world()).rows

    assert share(rows, picked(rows, "sts"), OK) < 0.05
    assert share(rows, picked(rows, "esb"), OK) == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize(
    ("effect", "depth", "slower"),
    [("slow", 0.9, (2.0, 20.0)), ("overload", 0.3, (3.0, 40.0)), ("hollow", 0.9, (0.05, 0.4))],
)
def test_what_is_slow_or_hollow_shows_in_the_durations(effect: str, depth: float, slower: tuple[float, float]) -> None:
    rows = simulate(plan(fault(effect, "metahub", depth=depth)), world()).rows
    median = np.median(rows.duration_ms[picked(rows, "metahub")])
    usual = np.median(rows.duration_ms[picked(rows, "metahub", during=False)])

    assert slower[0] < median / usual < slower[1]


def test_a_blind_eye_sees_nothing_and_nobody_else_notices() -> None:
    given = Fault("monitoring", "ehealth", "blind", BEGINS_S, ENDS_S, eyes=("front", "probes", "panel"))
    made = simulate(plan(given), world())

    assert not picked(made.rows, "etk_depot").any()
    assert picked(made.rows, "etk_depot", CLIENT).any()
    assert not [check for check in made.checks if BEGINS_S <= check.at_s < ENDS_S]
    assert made.outages[0].functions == ()


def test_what_is_hit_by_the_minute_is_what_the_truth_lists() -> None:
    given = fault(cause="mcn_eattest", audiences=("dentist",), depth=0.7)
    made = simulate(plan(given), world())
    shares = hit_by_minute(world(), faults=[given], minutes=20)

    assert shares["attest", "dentist"].max() == pytest.approx(0.7)
    assert shares["attest", "dentist"][0] == 0
    assert [subject for subject, each in shares.items() if each.max() > 0] == [("attest", "dentist")]
    assert made.outages[0].functions == ("attest",)
    assert made.outages[0].audiences == ("dentist",)


def test_a_service_that_everything_needs_hits_everything() -> None:
    found = functions_hit(fault(cause="access"), world(), world().packages)

    assert set(found) == {demand.function for demand in world().demands}


def test_only_packages_that_fetch_the_key_at_log_in_fail_without_it() -> None:
    given = fault(cause="etk_depot", functions=("open_session",), packages=("gp-c", "nurse-a"))

    assert functions_hit(given, world(), ("gp-c", "nurse-a")) == ("open_session",)
    assert functions_hit(given, world(), ("gp-b",)) == ()


def test_checks_see_what_hits_all_but_not_a_callers_network() -> None:
    for effect, cause, probe, sees in (
        ("error", "etk_depot", "p-etk", True),
        ("blocked", "net_proximus", "p-recipe", False),
    ):
        made = simulate(plan(fault(effect, cause, depth=0.95)), world())
        failing = [check for check in made.checks if check.probe.id == probe and not check.is_ok]
        assert (len(failing) >= 5) is sees


def test_members_complain_of_what_fails_for_them_and_say_when_it_works() -> None:
    made = simulate(plan(fault(cause="recipe_executor"), minutes=90), world())
    complaints = [said for said in made.reports if not said.works]

    assert len(complaints) >= 2
    assert {said.function for said in complaints if said.at_s < ENDS_S + 300} <= {"dispense", "prescribe"}
    assert all(said.at_s >= 0 for said in made.reports)


def test_a_flood_comes_from_as_few_as_it_says() -> None:
    made = simulate(plan(floods=(Flood("prescribe", 60.0, members=3, reports=30, package="gp-a"),)), world())

    flood = [said for said in made.reports if said.function == "prescribe" and not said.works]
    assert len(flood) == 30
    assert len({said.member for said in flood}) == 3


def test_a_strike_moves_demand_and_nothing_else() -> None:
    swing = Swing(0.2, 0.0, 7200.0, ramp_s=1.0, audiences=("pharmacist",))
    rows = simulate(plan(swings=(swing,)), world()).rows
    calls = {
        name: picked(rows, name).sum() / picked(quiet().rows, name).sum() for name in ("recipe_executor", "vaccinnet")
    }

    assert calls["recipe_executor"] == pytest.approx(0.2, abs=0.06)
    assert calls["vaccinnet"] == pytest.approx(1.0, abs=0.3)


def test_partners_speak_as_the_plan_has_it() -> None:
    made = {
        manner: [
            each.state for each in simulate(plan(fault(end_s=5400.0), minutes=120, notices=manner), world()).statements
        ]
        for manner in ("honest", "silent", "lying")
    }

    assert made["honest"] == ["investigating", "disrupted", "resolved"]
    assert made["silent"] == []
    assert made["lying"] == ["resolved"]


@pytest.mark.parametrize("name", list(load_catalogue()))
def test_every_scenario_of_the_catalogue_makes_sense(name: str) -> None:
    given = plan_of(name, load_catalogue()[name], seed=3)
    moved = varied(given)

    for each in (given, moved):
        assert each.minutes * 60 >= max((one.end_s for one in each.faults), default=0) + 20 * 60
        assert all(one.start_s >= 29 * 60 for one in each.faults)
    assert varied(given) == moved
    for one in given.faults:
        assert one.cause in {**world().pack.services, **world().pack.packages, **world().pack.partners}
        if one.effect != "blind":
            assert functions_hit(one, world(), world().packages)


def test_recorded_durations_have_two_digits() -> None:
    assert two_digits(np.array([8.64, 123.4, 30_412.0])).tolist() == pytest.approx([8.6, 120.0, 30_000.0])
