"""Which eyes a function's OK may rest on: those that looked at services of its own."""

from dataclasses import replace

import pytest

from telemetry_world import START, pack
from tocsin.detection.rules.verdicts import Sight
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
