"""Reads what the pages are built from, and how publishing itself is doing."""

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from pydantic import TypeAdapter

from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import read_bulletin
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.queries import last_judgement
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident
from tocsin.status_site.rules.facts import Facts, Said
from tocsin.status_site.rules.target_state import TargetState

TOLD = timedelta(days=7)
"""How far back a feed reaches; what was said of an incident that is still open counts whatever its age."""


def facts(*, now: datetime, pack: Pack, procedures: Mapping[str, Procedure], is_replay: bool) -> Facts:
    """Return all that the pages are built from at `now`."""
    judgement = last_judgement()
    incidents = recent(now)
    return Facts(
        now=now,
        checked_at=None if judgement is None else judgement.at,
        verdicts={} if judgement is None else judgement.verdicts,
        incidents=incidents,
        said=_said(now, incidents),
        procedures=procedures,
        pack=pack,
        is_replay=is_replay,
    )


def _said(now: datetime, incidents: Sequence[Incident]) -> tuple[Said, ...]:
    known = [incident.id for incident in incidents]
    rows = BulletinRow.objects.filter(Q(incident__in=known) | Q(published_at__gte=now - TOLD), status="published")
    said = [Said(read_bulletin(row), row.published_at) for row in rows if row.published_at is not None]
    return tuple(sorted(said, key=lambda one: (one.published_at, one.bulletin.drafted_at, one.bulletin.number)))


TARGET_STATES: TypeAdapter[list[TargetState]] = TypeAdapter(list[TargetState])


class TargetBoard:
    """Where the couriers note how their targets are doing: a file, so that every process can read it."""

    def __init__(self, data_folder: Path) -> None:
        """Build it; nothing is written before the first report."""
        self._path = targets_file(data_folder)
        self._states: dict[str, TargetState] = {}
        self._lock = threading.Lock()

    def report(self, state: TargetState) -> None:
        """Note a target's state."""
        with self._lock:
            self._states[state.name] = state
            draft = self._path.with_suffix(f".{os.getpid()}.new")
            draft.write_bytes(TARGET_STATES.dump_json(list(self._states.values())))
            draft.replace(self._path)


def targets_file(data_folder: Path) -> Path:
    """Return where the couriers' notes lie."""
    return data_folder / "targets.json"


def target_states() -> list[TargetState]:
    """Return what is known of each configured target, in the configuration's order."""
    known = {state.name: state for state in _noted(settings.CONFIGURATION.data_folder)}
    return [
        known.get(table["name"], TargetState(table["name"], table["kind"])) for table in settings.CONFIGURATION.targets
    ]


def _noted(data_folder: Path) -> list[TargetState]:
    try:
        return TARGET_STATES.validate_json(targets_file(data_folder).read_bytes())
    except FileNotFoundError:
        return []


def own_beat() -> dict[str, Any]:
    """Return what the site tells of Tocsin's own parts: when each last did its work, none for never."""
    from tocsin.detection.queries import pulse

    beat = pulse()
    ticked = None if beat is None or beat.last_tick_at is None else beat.last_tick_at.isoformat()
    return {"ticked_at": ticked}
