from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from parsed_packs import pack
from tocsin.catalog.rules.graph import Graph, closures, cycle_in

NAMES = [f"s{number}" for number in range(8)]
EDGES = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES), max_size=3).map(tuple) for name in NAMES})


def test_needs_follow_the_needs_of_what_is_needed() -> None:
    assert Graph(pack()).needs_of("recipe_executor") == {"net_proximus", "esb", "access", "net_belnet"}


def test_a_service_does_not_need_itself() -> None:
    graph = Graph(pack())
    assert [service for service in pack().services if service in graph.needs_of(service)] == []


def test_what_nobody_knows_needs_nothing_and_comes_last() -> None:
    graph = Graph(pack())
    assert graph.needs_of("nothing") == frozenset()
    assert graph.soft_needs_of("nothing") == frozenset()
    assert graph.dependants_of("nothing") == frozenset()
    assert graph.functions_needing("nothing") == ()
    assert graph.functions_softly_needing("nothing") == ()
    assert graph.services_of("nothing") == frozenset()
    assert graph.soft_services_of("nothing") == frozenset()
    assert graph.in_order(["nothing", "sts", "access"]) == ("access", "sts", "nothing")


def test_dependants_are_the_needs_read_backwards() -> None:
    graph = Graph(pack())
    for service in pack().services:
        assert graph.dependants_of(service) == {each for each in pack().services if service in graph.needs_of(each)}


def test_functions_that_need_a_service_come_in_the_packs_order() -> None:
    graph = Graph(pack())
    assert graph.functions_needing("access") == tuple(pack().functions)
    assert graph.functions_needing("net_proximus") == ("prescribe", "dispense")
    assert graph.functions_needing("vault_brusafe") == ("read_sumehr",)


def test_a_key_that_some_packages_fetch_at_log_in_is_a_soft_need_of_log_in() -> None:
    graph = Graph(pack())
    assert "open_session" not in graph.functions_needing("etk_depot")
    assert graph.functions_softly_needing("etk_depot") == ("open_session",)
    assert graph.soft_services_of("open_session") == {"etk_depot"}
    assert graph.services_of("open_session") == {"sts", "access", "net_belnet"}


def test_a_soft_need_stays_soft_however_far_away() -> None:
    belgium = pack()
    services = dict(belgium.services)
    services["ehbox"] = replace(services["ehbox"], needs=("sts",), soft=("kgss", "access"))
    graph = Graph(replace(belgium, services=services))
    assert graph.soft_needs_of("ehbox") == {"kgss", "etk_depot"}
    assert graph.needs_of("ehbox") == {"sts", "access", "net_belnet"}


def test_a_service_comes_before_the_partner_of_the_same_name() -> None:
    graph = Graph(pack())
    assert graph.position("vaccinnet") < graph.position("open_session") < graph.position("ehealth")


@settings(deadline=None)
@given(EDGES)
def test_closures_contain_exactly_what_can_be_reached(edges: dict[str, tuple[str, ...]]) -> None:
    reach = closures(edges)
    for start in NAMES:
        direct = set(edges[start]) - {start}
        assert direct <= reach[start]
        assert start not in reach[start]
        assert all(set(edges[each]) - {start} <= reach[start] for each in reach[start])


@settings(deadline=None)
@given(EDGES)
def test_a_circle_is_found_exactly_when_something_reaches_itself(edges: dict[str, tuple[str, ...]]) -> None:
    def reaches_itself(start: str) -> bool:
        return any(start == each or start in closures(edges)[each] for each in edges[start])

    cycle = cycle_in(edges)
    assert bool(cycle) == any(reaches_itself(start) for start in NAMES)
    for here, following in zip(cycle, (*cycle[1:], *cycle[:1]), strict=True):
        assert following in edges[here]
