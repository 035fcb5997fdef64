"""What a terminal shows of a reason where there are no translations at hand."""

import pytest

from tocsin.kernel.reasons import Fact, Reason
from tocsin.runtime.story import code_and_place


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"service": "access", "eye": "front", "observed": 0.4}, "rejected.above_usual (access, front)"),
        ({"service": "access", "eye": None}, "rejected.above_usual (access)"),
        ({"package": "gp-a"}, "rejected.above_usual (gp-a)"),
        ({}, "rejected.above_usual"),
    ],
)
def test_a_code_says_what_it_is_about(facts: dict[str, Fact], shown: str) -> None:
    assert code_and_place(Reason("rejected.above_usual", facts)) == shown
