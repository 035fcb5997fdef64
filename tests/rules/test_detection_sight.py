"""Which eyes a function's OK may rest on: those that looked at services of its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from telemetry_world import START, pack
from tocsin.detection.rules.blindness import seen_by_open_eyes
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.verdicts import Sight, _overlap
from tocsin.observations.rules.model import Eye

BOTH = frozenset({Eye.FRONT, Eye.CLIENT})
FRONT = frozenset({Eye.FRONT})
NOBODY: frozenset[Eye] = frozenset()


@pytest.mark.parametrize(
    ("seeing", "prescribe", "open_session"),
    [
        ({"login": BOTH}, NOBODY, BOTH),
        ({"login": BOTH, "rx": FRONT}, FRONT, BOTH),
        ({"keys": FRONT, "rx": BOTH}, BOTH, NOBODY),
        ({}, NOBODY, NOBODY),
    ],
)
def test_that_people_log_in_says_nothing_of_what_they_do_next(
    seeing: dict[str, frozenset[Eye]], prescribe: frozenset[Eye], open_session: frozenset[Eye]
) -> None:
    functions = pack().functions
    sight = Sight(seeing=seeing, blind={Eye.PROBES: START}, shared=frozenset({"login"}))
    assert sight.of(functions["prescribe"]) == prescribe
    assert sight.of(replace(functions["open_session"], is_login=True)) == open_session


def test_a_function_with_no_service_but_the_shared_ones_rests_on_them() -> None:
    bare = replace(pack().functions["prescribe"], uses=("login",))
    assert Sight(seeing={"login": FRONT}, blind={}, shared=frozenset({"login"})).of(bare) == FRONT


def test_what_an_eye_misses_from_when_it_closes_is_no_finding() -> None:
    closed_at = START
    blind = {Eye.FRONT: closed_at}

    def missing(eye: Eye, minutes_before: float) -> Found:
        since = closed_at - timedelta(minutes=minutes_before)
        return Found(Signal("rx", eye, "volume", 30.0, 80.0, 700.0, since), 0.9)

    before, closing = missing(Eye.FRONT, 10), missing(Eye.FRONT, 1)
    of_another, failing = missing(Eye.CLIENT, 1), Found(replace(closing.signal, kind="errors"), 0.9)
    assert seen_by_open_eyes([before, closing, of_another, failing], blind) == [before, of_another, failing]
    assert seen_by_open_eyes([closing], {}) == [closing]


def test_a_complaint_from_another_province_bears_out_nothing() -> None:
    assert _overlap([("BE-WLG",)], ("BE-WLG", "BE-VBR"))
    assert not _overlap([("BE-WLG",)], ("BE-VBR",))
    assert _overlap([("BE-WLG",), None], ("BE-VBR",))
    assert _overlap([], ("BE-VBR",))
