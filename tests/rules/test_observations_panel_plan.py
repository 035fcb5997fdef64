"""How many members it takes: the binomial's own figures, and where the panel is thin."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.observations.rules.panel_plan import MOST_NEEDED, chance, needed, plan

PACK = load_pack(pack_folder("belgium"))


def test_the_chance_is_one_less_all_silent() -> None:
    assert chance(22, p=0.1) == pytest.approx(1 - 0.9**22)
    assert chance(0, p=0.1) == 0.0
    assert chance(2, p=0.5, witnesses=3) == 0.0
    assert chance(3, p=0.5, witnesses=2) == pytest.approx(0.5)


@pytest.mark.parametrize(("wanted", "p", "members"), [(0.9, 0.1, 22), (0.95, 0.1, 29), (0.9, 0.5, 4), (0.5, 0.5, 1)])
def test_the_least_number_reaches_the_chance(wanted: float, p: float, members: int) -> None:
    assert needed(wanted, p=p) == members == math.ceil(math.log(1 - wanted) / math.log(1 - p))


@given(wanted=st.floats(0.05, 0.99), p=st.floats(0.01, 0.95), witnesses=st.integers(1, 4))
def test_one_fewer_would_not_do(wanted: float, p: float, witnesses: int) -> None:
    members = needed(wanted, p=p, witnesses=witnesses)
    assert chance(members, p=p, witnesses=witnesses) >= wanted
    assert members == witnesses or chance(members - 1, p=p, witnesses=witnesses) < wanted


def test_what_no_panel_reaches_is_said_to_need_too_many() -> None:
    assert needed(0.99, p=1e-7) == MOST_NEEDED


def test_thin_strata_come_first_and_ties_keep_the_packs_order() -> None:
    members = {("pharmacist", "pharmacy-a", "BE-WLG"): 30, ("pharmacist", "pharmacy-b", "BE-VAN"): 4}
    lines = [line for line in plan(PACK, members, wanted=0.9, p=0.1) if line.audience == "pharmacist"]
    assert [line.members for line in lines] == sorted(line.members for line in lines)
    dispense = {(line.package, line.region): line for line in lines if line.function == "dispense"}
    assert dispense[None, None].members == 34
    assert (dispense["pharmacy-a", None].members, dispense["pharmacy-a", None].missing) == (30, 0)
    assert (dispense[None, "BE-VAN"].members, dispense[None, "BE-VAN"].missing) == (4, 18)
    first = [line.function for line in lines if line.members == 0]
    order = list(PACK.functions)
    assert first == sorted(first, key=order.index)


def test_every_function_of_every_audience_is_there() -> None:
    lines = plan(PACK, {}, wanted=0.9, p=0.1)
    wholes = [(line.function, line.audience) for line in lines if line.package is None and line.region is None]
    assert wholes == [
        (function.id, audience) for function in PACK.functions.values() for audience in function.audiences
    ]
