"""Where machines announce planned maintenance, and read what is announced."""

from django.http import HttpRequest
from ninja import Router

from tocsin.api.clock import now
from tocsin.api.keys import Bearer
from tocsin.api.schemas import MaintenanceIn, MaintenanceOut
from tocsin.changes import services
from tocsin.changes.queries import planned
from tocsin.changes.rules import Maintenance
from tocsin.kernel.language import LANGUAGES
from tocsin.observations.queries import configured_pack

router = Router(tags=["maintenance"])


@router.get(
    "maintenance", auth=Bearer("read"), response=list[MaintenanceOut], summary="Maintenance, planned and recent"
)
def maintenance(request: HttpRequest) -> list[MaintenanceOut]:
    """Give what is to come, goes on, or ended within a week."""
    del request
    return [_out(each) for each in planned(now())]


@router.post("maintenance", auth=Bearer("changes"), response=MaintenanceOut, summary="Announce or change maintenance")
def announce(request: HttpRequest, item: MaintenanceIn) -> MaintenanceOut:
    """Announce a maintenance; with the id of one that is known, change it. The same again changes nothing."""
    given = services.announce(item.meant(), pack=configured_pack(), by=_by(request), now=now(), id_=item.id or "")
    return _out(given)


@router.post(
    "maintenance/{maintenance_id}/end", auth=Bearer("changes"), response=MaintenanceOut, summary="Say that it is over"
)
def end(request: HttpRequest, maintenance_id: str) -> MaintenanceOut:
    """Say that a maintenance is over."""
    return _out(services.end(maintenance_id, by=_by(request), now=now()))


@router.post(
    "maintenance/{maintenance_id}/cancel", auth=Bearer("changes"), response=MaintenanceOut, summary="Call it off"
)
def cancel(request: HttpRequest, maintenance_id: str) -> MaintenanceOut:
    """Call a maintenance off."""
    return _out(services.cancel(maintenance_id, by=_by(request), now=now()))


def _by(request: HttpRequest) -> str:
    return f"key:{request.auth.prefix}"  # type: ignore[attr-defined]  # ninja sets it on every request that it lets in


def _out(given: Maintenance) -> MaintenanceOut:
    return MaintenanceOut(
        id=given.id,
        state=given.state,
        services=list(given.services),
        functions=list(given.functions),
        audiences=None if given.audiences is None else list(given.audiences),
        start=given.start,
        end=given.end,
        effect={language: given.effect[language] for language in LANGUAGES},
        public=given.is_public,
        announced_at=given.announced_at,
        changed_at=given.changed_at,
        ended_at=given.ended_at,
        revision=given.revision,
    )
