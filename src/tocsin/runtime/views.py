"""What the composition root itself answers: is this process alive, is Tocsin ready."""

from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.detection.queries import pulse
from tocsin.kernel.clock import format_moment
from tocsin.plugins.targets.states import TargetState, target_states
from tocsin.runtime.startup import pending_migrations

LATE_AFTER = timedelta(minutes=1)
"""An engine whose last tick is a minute old no longer says what is so; on a replay clock, a minute of the machine."""


@require_safe
def alive(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """Tell searching machines that only the public pages are for them, and not even those without an authority."""
    return HttpResponse(robots_text(_pack()), content_type="text/plain")


@cache
def _pack() -> Pack:
    return load_pack(pack_folder(settings.CONFIGURATION.pack))


def robots_text(pack: Pack) -> str:
    """Return what `/robots.txt` says where this pack is served."""
    return f"User-agent: *\n{'' if pack.authority is None else 'Allow: /site/\n'}Disallow: /\n"


@require_safe
def ready(_request: HttpRequest) -> JsonResponse:
    """Say whether Tocsin can do its work, with what is wrong where it cannot (status 503)."""
    faults = [*_database_faults(), *_engine_faults()]
    targets = target_states(settings.CONFIGURATION.data_folder, settings.CONFIGURATION.targets)
    warnings = [f"{one.name} does not show the newest pages." for one in targets if one.is_alarming]
    content: dict[str, Any] = {
        "ready": not faults,
        "faults": faults,
        "warnings": warnings,
        "targets": [_target(one) for one in targets],
        "now": format_moment(settings.CLOCK.now()),
    }
    return JsonResponse(content, status=503 if faults else 200)


def _target(state: TargetState) -> dict[str, Any]:
    # Which version a place shows; not why it fails, which may name hosts and folders to strangers.
    return {
        "name": state.name,
        "wanted_version": state.wanted_version,
        "shown_version": state.shown_version,
        "is_well": not state.fault,
    }


def _database_faults() -> list[str]:
    try:
        missing = pending_migrations()
    except DatabaseError as error:
        return [f"The database does not answer: {error}."]
    return [f"The database lacks {len(missing)} migrations; run `tocsin migrate`."] if missing else []


def _engine_faults() -> list[str]:
    beat = pulse()
    if beat is None or beat.last_tick_at is None:
        return ["The engine has not ticked yet."]
    late_by = settings.CLOCK.now() - beat.last_tick_at
    if late_by > LATE_AFTER * max(1.0, getattr(settings.CLOCK, "speed", 1.0)):
        return [f"The engine's last good tick was at {format_moment(beat.last_tick_at)}. {beat.last_failure}".strip()]
    return []
