"""The graph of what needs what: computed once from a pack, then only looked up."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tocsin.catalog.rules.model import Pack

type Edges = Mapping[str, tuple[str, ...]]

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, init=False)
class Graph:
    """Who needs whom, transitively, and the pack's order of everything.

    Sets are unordered; whoever must list their members passes them through `in_order`. Unknown ids need nothing,
    are needed by nothing, and come last.
    """

    _needs: Mapping[str, frozenset[str]] = field(repr=False)
    _soft: Mapping[str, frozenset[str]] = field(repr=False)
    _dependants: Mapping[str, frozenset[str]] = field(repr=False)
    _functions: Mapping[str, tuple[str, ...]] = field(repr=False)
    _softly: Mapping[str, tuple[str, ...]] = field(repr=False)
    _function_needs: Mapping[str, frozenset[str]] = field(repr=False)
    _function_soft: Mapping[str, frozenset[str]] = field(repr=False)
    _positions: Mapping[str, int] = field(repr=False)

    def __init__(self, pack: Pack) -> None:
        hard: Edges = {service.id: service.needs for service in pack.services.values()}
        every: Edges = {service.id: (*service.needs, *service.soft) for service in pack.services.values()}
        needs = closures(hard)
        reach = closures(every)
        soft = {each: reach[each] - needs[each] for each in pack.services}
        used = {each.id: _with_needs(each.uses, needs) for each in pack.functions.values()}
        softly_used = {
            each.id: _with_needs((*each.uses, *each.soft), reach) - used[each.id] for each in pack.functions.values()
        }
        for name, value in (
            ("_needs", needs),
            ("_soft", soft),
            ("_dependants", {each: frozenset(other for other in needs if each in needs[other]) for each in needs}),
            ("_functions", _by_member(used)),
            ("_softly", _by_member(softly_used)),
            ("_function_needs", used),
            ("_function_soft", softly_used),
            ("_positions", _positions(pack)),
        ):
            object.__setattr__(self, name, value)

    def needs_of(self, service: str) -> frozenset[str]:
        """Return all services without which this one does not work, itself excluded."""
        return self._needs.get(service, _NOTHING)

    def soft_needs_of(self, service: str) -> frozenset[str]:
        """Return the services whose failure may degrade this one without breaking it."""
        return self._soft.get(service, _NOTHING)

    def dependants_of(self, service: str) -> frozenset[str]:
        """Return all services that do not work without this one, itself excluded."""
        return self._dependants.get(service, _NOTHING)

    def functions_needing(self, service: str) -> tuple[str, ...]:
        """Return the functions that do not work without this service, in the pack's order."""
        return self._functions.get(service, ())

    def functions_softly_needing(self, service: str) -> tuple[str, ...]:
        """Return the functions that this service may degrade, or that only some packages cannot do without it."""
        return self._softly.get(service, ())

    def services_of(self, function: str) -> frozenset[str]:
        """Return every service without which the function does not work: those it uses and all their needs."""
        return self._function_needs.get(function, _NOTHING)

    def soft_services_of(self, function: str) -> frozenset[str]:
        """Return the services that may degrade the function, or that only some packages use for it."""
        return self._function_soft.get(function, _NOTHING)

    def position(self, identity: str) -> int:
        """Return where the pack names this id, counted through services first, then functions."""
        return self._positions.get(identity, len(self._positions))

    def in_order(self, identities: Iterable[str]) -> tuple[str, ...]:
        """Return the ids in the pack's order; unknown ones keep their order and come last."""
        return tuple(sorted(identities, key=self.position))


_DRAWN: deque[tuple[Pack, Graph]] = deque(maxlen=4)


def graph_of(pack: Pack) -> Graph:
    """Return the pack's graph, drawn once for each pack: of a thousand services that takes longer than a tick may."""
    for known, graph in tuple(_DRAWN):
        if known is pack:
            return graph
    drawn = Graph(pack)
    _DRAWN.append((pack, drawn))
    return drawn


def closures(edges: Edges) -> dict[str, frozenset[str]]:
    """Return, for every id, all that can be reached from it, itself excluded; circles do no harm."""
    return {start: reachable(edges[start], edges) - {start} for start in edges}


def reachable(starts: Iterable[str], edges: Edges) -> frozenset[str]:
    """Return the starts and all that can be reached from them."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting.extend(edges.get(each, ()))
    return frozenset(seen)


def cycle_in(edges: Edges) -> tuple[str, ...]:
    """Return the first circle found, as the ids along it, or nothing."""
    finished: set[str] = set()
    for start in edges:
        cycle = _cycle_from(start, edges, finished)
        if cycle:
            return cycle
    return ()


def _cycle_from(start: str, edges: Edges, finished: set[str]) -> tuple[str, ...]:
    # Depth first without recursion: the path from the start, and for each id on it the needs not yet looked at.
    path: list[str] = [start]
    ahead = [iter(edges.get(start, ()))]
    while path:
        following = next(ahead[-1], None)
        if following is None:
            finished.add(path.pop())
            ahead.pop()
        elif following in path:
            return tuple(path[path.index(following) :])
        elif following not in finished:
            path.append(following)
            ahead.append(iter(edges.get(following, ())))
    return ()


def _with_needs(services: Iterable[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(each for service in services for each in (service, *needs.get(service, _NOTHING)))


def _by_member(groups: Mapping[str, frozenset[str]]) -> dict[str, tuple[str, ...]]:
    members = {member for group in groups.values() for member in group}
    return {member: tuple(name for name, group in groups.items() if member in group) for member in members}


def _positions(pack: Pack) -> dict[str, int]:
    # A service and its partner may share an id (Vaccinnet): the first kind listed here wins.
    kinds = (pack.services, pack.functions, pack.packages, pack.audiences, pack.regions, pack.partners)
    every = dict.fromkeys(identity for kind in kinds for identity in kind)
    return {identity: number for number, identity in enumerate(every)}
