"""What the judgement says in a small federation whose telemetry is made to order."""

from datetime import timedelta

import pytest

from telemetry_world import START, Fault, Run, World, minute, pack, report, watch
from tocsin.detection.rules.model import State, Subject
from tocsin.observations.rules.model import Eye, Notice

EVERYBODY = {
    ("open_session", "doctor"),
    ("open_session", "pharmacist"),
    ("prescribe", "doctor"),
    ("dispense", "pharmacist"),
}


def codes(run: Run, number: float, function: str, audience: str) -> set[str]:
    return {reason.code for reason in run.at(number).verdicts[Subject(function, audience)].reasons}


@pytest.mark.parametrize("without", [(), (Eye.CLIENT,), (Eye.PROBES,), (Eye.PANEL,), (Eye.FRONT,)], ids=str)
def test_nothing_is_said_when_nothing_is_wrong(without: tuple[Eye, ...]) -> None:
    run = watch(World(seed=2, without=without, minutes=15))
    assert run.ever_hit() == set()
    assert run.at(15).blind == {}
    assert {verdict.state for verdict in run.at(15).verdicts.values()} == {State.OK}


def test_every_function_and_audience_has_its_verdict_in_pack_order() -> None:
    run = watch(World(minutes=1))
    expected = [
        Subject(function.id, audience) for function in pack().functions.values() for audience in function.audiences
    ]
    assert list(run.at(1).verdicts) == expected


@pytest.mark.parametrize("effect", ["error", "timeout", "rejected"])
@pytest.mark.parametrize("without", [(), (Eye.CLIENT,), (Eye.PROBES, Eye.PANEL)], ids=str)
def test_a_service_that_fails_is_seen_within_three_minutes_and_not_forgiven_before_its_end(
    effect: str, without: tuple[Eye, ...]
) -> None:
    fault = Fault("rx", effect, 0.4, start=5, end=18)  # type: ignore[arg-type]  # parametrised effects
    run = watch(World(minutes=24, faults=(fault,), without=without))
    hit = run.minutes_hit("prescribe", "doctor")
    assert 5 <= hit[0] <= 8
    assert 18 <= hit[-1] <= 23
    assert hit == [hit[0] + 0.5 * step for step in range(len(hit))]
    assert run.ever_hit() == {("prescribe", "doctor")}


def test_two_eyes_that_see_a_clear_outage_are_surer_than_a_publication_needs() -> None:
    run = watch(World(faults=(Fault("rx", "error", 0.6),)))
    verdict = run.at(13).verdicts[Subject("prescribe", "doctor")]
    assert {Eye.FRONT, Eye.CLIENT} <= verdict.eyes
    assert verdict.confidence >= 0.9
    assert verdict.state is State.DOWN
    assert abs(verdict.since - minute(10)) <= timedelta(minutes=1)
    assert (verdict.packages, verdict.regions) == (None, None)


def test_one_eye_alone_never_suffices_for_an_automatic_word() -> None:
    run = watch(World(faults=(Fault("rx", "error", 1.0),), without=(Eye.CLIENT, Eye.PROBES)))
    said = {verdict.confidence for verdict in run.at(15).verdicts.values() if verdict.state is State.DOWN}
    assert said
    assert max(said) < 0.9


def test_what_fails_for_some_calls_is_degraded_and_does_not_flicker() -> None:
    run = watch(World(faults=(Fault("rx", "error", 0.25, end=25),), minutes=26))
    states = [
        one.verdicts[Subject("prescribe", "doctor")].state
        for one in run.judgements
        if minute(14) <= one.at <= minute(25)
    ]
    assert set(states) == {State.DEGRADED}


def test_slow_answers_degrade_a_function() -> None:
    run = watch(World(faults=(Fault("disp", "slow", 0.7),)))
    hit = run.minutes_hit("dispense", "pharmacist")
    assert hit[0] <= 13
    assert hit[-1] <= 25
    assert run.hit(15) == {("dispense", "pharmacist"): State.DEGRADED}
    assert codes(run, 15, "dispense", "pharmacist") == {"latency.above_usual"}


def test_a_fault_of_one_package_names_the_package() -> None:
    run = watch(World(faults=(Fault("rx", "error", 0.7, packages=("d2",)),)))
    verdict = run.at(15).verdicts[Subject("prescribe", "doctor")]
    assert verdict.packages == ("d2",)
    assert verdict.regions is None
    assert set(run.hit(15)) == {("prescribe", "doctor")}


def test_a_fault_in_one_region_names_the_region() -> None:
    run = watch(World(faults=(Fault("login", "timeout", 0.8, regions=("east",)),)))
    verdict = run.at(16).verdicts[Subject("open_session", "doctor")]
    assert verdict.regions == ("east",)
    assert verdict.packages is None
    assert set(run.hit(16)) == EVERYBODY


def test_a_package_that_fails_at_a_use_only_some_make_is_a_log_in_fault() -> None:
    run = watch(World(faults=(Fault("keys", "error", 0.5, packages=("d2",)),)))
    assert set(run.hit(15)) == {("open_session", "doctor")}
    assert run.at(15).verdicts[Subject("open_session", "doctor")].packages == ("d2",)


def test_a_package_whose_every_call_fails_loses_all_that_uses_the_service() -> None:
    run = watch(World(faults=(Fault("keys", "error", 0.99, packages=("d2",)),)))
    assert set(run.hit(15)) == {("open_session", "doctor"), ("prescribe", "doctor")}


def test_a_service_users_never_call_speaks_for_what_lies_above_it() -> None:
    run = watch(World(faults=(Fault("bus", "error", 0.5),)))
    assert set(run.hit(15)) == {("prescribe", "doctor"), ("dispense", "pharmacist")}


def test_calls_that_no_longer_arrive_are_missed() -> None:
    faults = (
        Fault("disp", "vanish", 0.95, vantages=("front",)),
        Fault("disp", "timeout", 0.95, vantages=("client",)),
    )
    run = watch(World(faults=faults))
    verdict = run.at(14).verdicts[Subject("dispense", "pharmacist")]
    assert {"volume.vanished", "timeouts.above_usual"} <= codes(run, 14, "dispense", "pharmacist")
    assert verdict.eyes >= {Eye.FRONT, Eye.CLIENT}
    assert verdict.confidence >= 0.9


def test_volume_that_vanishes_is_seen_without_the_client_and_until_it_is_back() -> None:
    fault = Fault("disp", "vanish", 0.9, start=10, end=40)
    run = watch(World(faults=(fault,), without=(Eye.CLIENT,), minutes=50))
    hit = run.minutes_hit("dispense", "pharmacist")
    assert hit[0] <= 14
    assert 40 <= hit[-1] <= 45
    assert run.ever_hit() == {("dispense", "pharmacist")}


@pytest.mark.parametrize(
    ("packages", "regions"), [(("p2",), None), (None, ("east",))], ids=["one package", "one region"]
)
def test_a_slice_that_falls_silent_is_missed(packages: tuple[str, ...] | None, regions: tuple[str, ...] | None) -> None:
    fault = Fault("*", "vanish", 1.0, start=5, end=20, packages=packages, regions=regions)
    run = watch(World(faults=(fault,), without=(Eye.CLIENT,), minutes=26, volume=2.0))
    verdict = run.at(12).verdicts[Subject("dispense", "pharmacist")]
    assert (verdict.state, verdict.packages, verdict.regions) == (State.DOWN, packages, regions)
    hit = run.minutes_hit("dispense", "pharmacist")
    assert 5 <= hit[0] <= 9
    assert 20 <= hit[-1] <= 24
    assert hit == [hit[0] + 0.5 * step for step in range(len(hit))]


def test_clients_that_get_through_take_the_silence_of_a_region_back() -> None:
    fault = Fault("*", "vanish", 1.0, start=5, end=15, regions=("east",), vantages=("front",))
    assert watch(World(faults=(fault,), minutes=16, volume=2.0)).ever_hit() == set()


def test_rows_the_front_loses_while_clients_get_through_are_no_outage() -> None:
    run = watch(World(faults=(Fault("disp", "vanish", 0.95, vantages=("front",)),)))
    assert run.ever_hit() == set()


def test_a_vendor_that_stops_reporting_is_no_outage() -> None:
    run = watch(World(faults=(Fault("*", "vanish", 1.0, packages=("p1",), vantages=("client",)),)))
    assert run.ever_hit() == set()
    assert run.at(15).blind == {}


@pytest.mark.parametrize("eye", [Eye.FRONT, Eye.CLIENT, Eye.PROBES])
def test_a_silent_eye_is_blind_and_nothing_else(eye: Eye) -> None:
    run = watch(World(silent=((eye, 10, 20),)))
    assert run.ever_hit() == set()
    blind = [(one.at - START).total_seconds() / 60 for one in run.judgements if one.blind]
    assert 11 <= blind[0] <= 14
    assert blind[-1] <= 21
    assert set(run.at(15).blind) == {eye}
    assert abs(run.at(15).blind[eye] - minute(10)) <= timedelta(minutes=1)
    assert "eye.blind" in codes(run, 15, "prescribe", "doctor")
    assert eye not in run.at(15).verdicts[Subject("prescribe", "doctor")].eyes


def test_nobody_calls_fine_what_every_eye_stopped_looking_at() -> None:
    run = watch(World(silent=tuple((eye, 10.0, 30.0) for eye in (Eye.FRONT, Eye.CLIENT, Eye.PROBES))))
    assert {verdict.state for verdict in run.at(9).verdicts.values()} == {State.OK}
    assert {verdict.state for verdict in run.at(15).verdicts.values()} == {State.UNKNOWN}


def test_an_outage_is_seen_while_the_front_is_blind() -> None:
    run = watch(World(faults=(Fault("rx", "error", 0.6, start=12),), silent=((Eye.FRONT, 8, 25),)))
    assert set(run.hit(16)) == {("prescribe", "doctor")}
    assert Eye.FRONT not in run.at(16).verdicts[Subject("prescribe", "doctor")].eyes


def test_nobody_looking_is_unknown_not_green() -> None:
    silent = ((Eye.FRONT, -30.0, 30.0), (Eye.CLIENT, -30.0, 30.0), (Eye.PROBES, -30.0, 30.0))
    run = watch(World(silent=silent, minutes=2))
    assert {verdict.state for verdict in run.at(2).verdicts.values()} == {State.UNKNOWN}
    assert {verdict.confidence for verdict in run.at(2).verdicts.values()} == {0.0}


def test_one_failed_check_says_nothing_and_a_run_of_them_carries_a_verdict() -> None:
    assert watch(World(probe_failures=(("rx", 10, 11),))).ever_hit() == set()
    run = watch(World(probe_failures=(("rx", 10, 20),)))
    hit = run.minutes_hit("prescribe", "doctor")
    assert 11 <= hit[0] <= 13
    assert hit[-1] <= 25
    assert run.at(15).verdicts[Subject("prescribe", "doctor")].eyes == {Eye.PROBES}


def test_slow_checks_confirm_but_do_not_accuse() -> None:
    assert watch(World(slow_probes=(("rx", 10, 20),))).ever_hit() == set()
    run = watch(World(slow_probes=(("rx", 10, 20),), faults=(Fault("rx", "slow", 0.9),)))
    assert run.at(15).verdicts[Subject("prescribe", "doctor")].eyes >= {Eye.PROBES, Eye.FRONT}


def test_three_members_carry_a_verdict_and_two_do_not() -> None:
    two = (report(10, "a"), report(11, "b"), report(11, "b"))
    assert watch(World(reports=two)).ever_hit() == set()
    run = watch(World(reports=(*two, report(12, "c", package="d2")), minutes=45))
    hit = run.minutes_hit("prescribe", "doctor")
    assert (hit[0], run.ever_hit()) == (12.0, {("prescribe", "doctor")})
    assert hit[-1] <= 35
    assert run.at(13).verdicts[Subject("prescribe", "doctor")].eyes == {Eye.PANEL}
    assert [signal.service for signal in run.at(13).signals if signal.kind == "reports"] == ["rx"]


def test_members_who_say_that_it_works_take_back_as_many_complaints() -> None:
    reports = (report(10, "a"), report(11, "b"), report(11, "c", works=True), report(12, "d"))
    assert watch(World(reports=reports)).ever_hit() == set()


def test_complaints_that_limp_behind_do_not_prolong_an_outage_others_saw_end() -> None:
    late = tuple(report(18 + 0.5 * number, f"m{number}") for number in range(5))
    run = watch(World(faults=(Fault("rx", "error", 0.6),), reports=late, minutes=32))
    assert run.minutes_hit("prescribe", "doctor")[-1] <= 25


def test_one_report_from_the_package_hit_makes_a_single_clear_eye_two() -> None:
    fault = Fault("rx", "error", 0.9, packages=("d2",))
    from_elsewhere = watch(World(faults=(fault,), reports=(report(11, "a", package="d1"),), without=(Eye.CLIENT,)))
    matching = watch(World(faults=(fault,), reports=(report(11, "a", package="d2"),), without=(Eye.CLIENT,)))
    subject = Subject("prescribe", "doctor")
    assert from_elsewhere.at(15).verdicts[subject].eyes == {Eye.FRONT}
    assert matching.at(15).verdicts[subject].eyes == {Eye.FRONT, Eye.PANEL}
    assert matching.at(15).verdicts[subject].confidence >= 0.9


def test_a_partners_word_confirms_but_does_not_accuse() -> None:
    notice = Notice(minute(5), "rx-partner", ("rx",), "down", "", None)
    quiet = watch(World(notices=(notice,), minutes=15))
    assert quiet.ever_hit() == set()
    run = watch(World(notices=(notice,), faults=(Fault("rx", "error", 0.5),), without=(Eye.CLIENT,)))
    assert run.at(15).verdicts[Subject("prescribe", "doctor")].eyes >= {Eye.FRONT, Eye.PARTNER}
    assert "notice.down" in codes(run, 15, "prescribe", "doctor")


def test_one_site_that_retries_is_not_an_outage() -> None:
    run = watch(World(faults=(Fault("rx", "error", 1.0, packages=("d1",), regions=("north",)),), volume=0.3))
    assert run.ever_hit() == set()


@pytest.mark.parametrize("seed", [1, 2])
def test_small_volumes_raise_no_alarm_and_still_show_an_outage(seed: int) -> None:
    assert watch(World(volume=0.1, seed=seed)).ever_hit() == set()
    run = watch(World(volume=0.2, seed=seed, faults=(Fault("rx", "error", 0.9),)))
    assert set(run.hit(17)) == {("prescribe", "doctor")}


def test_an_outage_is_seen_without_any_history() -> None:
    assert watch(World(knows_history=False)).ever_hit() == set()
    run = watch(World(knows_history=False, faults=(Fault("rx", "error", 0.4),)))
    assert set(run.hit(14)) == {("prescribe", "doctor")}


def test_a_quieter_day_is_not_an_outage() -> None:
    assert watch(World(volume=0.4, without=(Eye.CLIENT,))).ever_hit() == set()


def test_a_restart_in_the_middle_of_an_outage_finds_it_again() -> None:
    whole = watch(World(faults=(Fault("rx", "error", 0.5, start=-15, end=20),), minutes=3))
    assert set(whole.hit(0.5)) == {("prescribe", "doctor")}


def test_where_there_is_no_front_the_client_alone_may_miss_calls() -> None:
    run = watch(World(faults=(Fault("disp", "vanish", 1.0, start=5),), without=(Eye.FRONT, Eye.PROBES), minutes=12))
    assert run.ever_hit() == {("dispense", "pharmacist")}
    assert run.at(12).verdicts[Subject("dispense", "pharmacist")].eyes == {Eye.CLIENT}


def test_a_client_that_misses_calls_with_the_front_bears_it_out() -> None:
    run = watch(World(faults=(Fault("disp", "vanish", 1.0, start=5),), minutes=12, volume=2.0))
    assert run.at(12).verdicts[Subject("dispense", "pharmacist")].eyes >= {Eye.FRONT, Eye.CLIENT}


def test_clients_of_a_silent_package_that_get_through_take_its_silence_back() -> None:
    fault = Fault("*", "vanish", 1.0, start=5, end=15, packages=("p1",), vantages=("front",))
    assert watch(World(faults=(fault,), minutes=16, volume=2.0)).ever_hit() == set()


def test_when_everybody_falls_silent_no_slice_is_named() -> None:
    run = watch(World(faults=(Fault("disp", "vanish", 1.0, start=5),), without=(Eye.CLIENT,), minutes=12, volume=2.0))
    verdict = run.at(12).verdicts[Subject("dispense", "pharmacist")]
    assert (verdict.state, verdict.packages) == (State.DOWN, None)


def test_an_eye_is_found_blind_without_history_too() -> None:
    silent = ((Eye.CLIENT, 5.0, 40.0),)
    run = watch(World(silent=silent, knows_history=False, minutes=38))
    assert set(run.at(10).blind) == {Eye.CLIENT}
    assert set(run.at(38).blind) == {Eye.CLIENT}
    assert run.ever_hit() == set()


def test_an_outage_at_small_volume_ends_soon_after_its_end() -> None:
    run = watch(World(volume=0.2, faults=(Fault("rx", "error", 0.8, start=5, end=18),), minutes=26))
    assert 18 <= run.minutes_hit("prescribe", "doctor")[-1] <= 23
