"""The documents of the Statuspage v2 API, from what `statuspage` made of the facts and the words of a language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.bulletins.rules.model import Bulletin
from tocsin.changes.rules import Maintenance
from tocsin.detection.rules.model import State
from tocsin.kernel.clock import format_moment
from tocsin.status_site.rules.document import Json
from tocsin.status_site.rules.entries import Entry
from tocsin.status_site.rules.facts import Facts
from tocsin.status_site.rules.statuspage import (
    INDICATORS,
    Board,
    ComponentStatus,
    component_status,
    impact,
    worst_of,
)

_ALWAYS = format_moment(datetime(2020, 1, 1, tzinfo=UTC))
"""A component has no date of birth; clients that insist on one get this."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a language.

    `links` are the addresses of incidents' own pages, where they have one; `titles` and `bodies` are by entry id;
    `planned` by maintenance id, its name and its text; `component` maps function and audience to a name that is like no
    other, for clients that go by names.
    """

    page: str
    url: str
    description: str
    links: Mapping[str, str]
    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    planned: Mapping[str, tuple[str, str]]
    component: Mapping[tuple[str, str], str]
    group: Mapping[str, str]


def documents(board: Board, wording: Wording) -> dict[str, Json]:
    """Return every document of the API in a language, by its name without `.json`."""
    page = _page(board, wording)
    components = list(_components(board, wording))
    incidents = [_incident(incident, told, board, wording) for incident, told in board.told.items()]
    unresolved = [incident for incident in incidents if incident["status"] != "resolved"]
    planned = [_maintenance(each, board, wording) for each in board.facts.maintenance if each.is_public]
    waiting = [each for each in planned if each["status"] == "scheduled"]
    active = [each for each in planned if each["status"] == "in_progress"]
    status = {"indicator": INDICATORS[board.worst], "description": wording.description}
    return {
        "summary": {
            "page": page,
            "components": components,
            "incidents": unresolved,
            "scheduled_maintenances": [*active, *waiting],
            "status": status,
        },
        "status": {"page": page, "status": status},
        "components": {"page": page, "components": components},
        "incidents": {"page": page, "incidents": incidents},
        "incidents/unresolved": {"page": page, "incidents": unresolved},
        "scheduled-maintenances": {"page": page, "scheduled_maintenances": planned},
        "scheduled-maintenances/upcoming": {"page": page, "scheduled_maintenances": waiting},
        "scheduled-maintenances/active": {"page": page, "scheduled_maintenances": active},
    }


def _page(board: Board, wording: Wording) -> Json:
    facts = board.facts
    return {
        "id": facts.pack.id,
        "name": wording.page,
        "url": wording.url,
        "time_zone": facts.pack.timezone,
        "updated_at": _looked_at(facts),
        "valid_until": format_moment(facts.valid_until),
        "is_demonstration": facts.is_demonstration,
        "is_replay": facts.is_replay,
    }


def _looked_at(facts: Facts) -> str:
    return _ALWAYS if facts.checked_at is None else format_moment(facts.checked_at)


def _components(board: Board, wording: Wording) -> Iterator[Json]:
    for place, audience in enumerate(board.facts.pack.audiences, 1):
        own = {function: status for (function, whose), status in board.statuses.items() if whose == audience}
        ids = [_component_id(function, audience) for function in own]
        yield {
            **_component(audience, wording.group[audience], worst_of(own.values()), board),
            "position": place,
            "group_id": None,
            "group": True,
            "components": ids,
        }
        for function in own:
            yield _own_component((function, audience), board, wording)


def _own_component(pair: tuple[str, str], board: Board, wording: Wording) -> Json:
    component = _component(_component_id(*pair), wording.component[pair], board.statuses[pair], board)
    return {**component, "group_id": pair[1], "group": False, "position": list(board.statuses).index(pair) + 1}


def _component(id_: str, name: str, status: ComponentStatus, board: Board) -> Json:
    return {
        "id": id_,
        "name": name,
        "status": status,
        "created_at": _ALWAYS,
        "updated_at": _looked_at(board.facts),
        "description": None,
        "showcase": False,
        "start_date": None,
        "page_id": board.facts.pack.id,
        "only_show_if_degraded": False,
    }


def _component_id(function: str, audience: str) -> str:
    return f"{audience}.{function}"


def _touched(bulletins: Sequence[Bulletin], board: Board) -> list[tuple[str, str]]:
    functions = {function for each in bulletins for function in each.functions}
    audiences = {audience for each in bulletins for audience in each.texts}
    return [pair for pair in board.statuses if pair[0] in functions and pair[1] in audiences]


def _incident(incident: str, told: Sequence[Entry], board: Board, wording: Wording) -> Json:
    newest, oldest = told[0], told[-1]
    ended_at = _ended_at(incident, told, board)
    weights = [impact(entry.bulletin) for entry in told]
    named = next((entry for entry in told if entry.bulletin.kind not in {"end", "retraction"}), oldest)
    is_withdrawn = any(entry.bulletin.kind == "retraction" for entry in told)
    touched = _touched([entry.bulletin for entry in told], board)
    return {
        "id": incident,
        "name": wording.titles[named.id],
        "status": "resolved" if ended_at else _stage(newest.bulletin),
        "created_at": format_moment(oldest.published_at),
        "updated_at": format_moment(newest.updated_at),
        "monitoring_at": None,
        "resolved_at": ended_at,
        "impact": "none" if is_withdrawn else max(weights, key=list(INDICATORS.values()).index),
        "shortlink": wording.links.get(incident, wording.url),
        "started_at": format_moment(oldest.published_at),
        "page_id": board.facts.pack.id,
        "is_drill": newest.bulletin.is_drill,
        "incident_updates": [_update(entry, board, wording) for entry in told],
        "components": [_own_component(pair, board, wording) for pair in touched],
        "reminder_intervals": None,
    }


def _ended_at(incident: str, told: Sequence[Entry], board: Board) -> str | None:
    end = next((entry for entry in told if entry.bulletin.kind in {"end", "retraction"}), None)
    if end is not None:
        return format_moment(end.published_at)
    known = next((each for each in board.facts.incidents if each.id == incident), None)
    if known is not None and known.is_open:
        return None
    return format_moment(told[0].published_at if known is None or known.closed_at is None else known.closed_at)


def _stage(bulletin: Bulletin) -> str:
    if bulletin.kind in {"end", "retraction"}:
        return "resolved"
    # Never "identified": a cause is told in public only once it is confirmed, and then in words.
    return "monitoring" if bulletin.state is State.OK else "investigating"


def _update(entry: Entry, board: Board, wording: Wording) -> Json:
    bulletin = entry.bulletin
    is_over = bulletin.kind in {"end", "retraction"}
    hit = component_status(bulletin.state, is_limited=bool(bulletin.regions or bulletin.packages), is_maintained=False)
    return {
        "id": entry.id,
        "status": _stage(bulletin),
        "body": wording.bodies[entry.id],
        "incident_id": bulletin.incident,
        "created_at": format_moment(entry.published_at),
        "updated_at": format_moment(entry.updated_at),
        "display_at": format_moment(entry.published_at),
        "affected_components": [
            {
                "code": _component_id(*pair),
                "name": wording.component[pair],
                "old_status": None,
                "new_status": "operational" if is_over or bulletin.is_drill else hit,
            }
            for pair in _touched([bulletin], board)
        ],
        "deliver_notifications": not bulletin.is_silent,
        "custom_tweet": None,
        "tweet_id": None,
    }


_STAGES = {
    "announced": "scheduled",
    "changed": "scheduled",
    "running": "in_progress",
    "overrun": "in_progress",
    "over": "completed",
    "cancelled": "completed",
}


def _maintenance(one: Maintenance, board: Board, wording: Wording) -> Json:
    name, body = wording.planned[one.id]
    announced = format_moment(one.announced_at or one.start)
    changed = format_moment(one.changed_at or one.announced_at or one.start)
    stage = _STAGES[one.state]
    touched = [
        pair
        for pair in board.statuses
        if pair[0] in one.functions and (one.audiences is None or pair[1] in one.audiences)
    ]
    return {
        "id": one.id,
        "name": name,
        "status": stage,
        "created_at": announced,
        "updated_at": changed,
        "monitoring_at": None,
        "resolved_at": format_moment(one.ended_at or one.end) if stage == "completed" else None,
        "impact": "maintenance",
        "shortlink": wording.url,
        "started_at": announced,
        "page_id": board.facts.pack.id,
        "incident_updates": [
            {
                "id": f"{one.id}-r{one.revision}",
                "status": stage,
                "body": body,
                "incident_id": one.id,
                "created_at": changed,
                "updated_at": changed,
                "display_at": changed,
                "affected_components": [],
                "deliver_notifications": True,
                "custom_tweet": None,
                "tweet_id": None,
            }
        ],
        "components": [_own_component(pair, board, wording) for pair in touched],
        "scheduled_for": format_moment(one.start),
        "scheduled_until": format_moment(one.end),
    }
