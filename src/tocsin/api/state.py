"""Where machines read what Tocsin sees and does."""

from dataclasses import asdict

from django.http import HttpRequest
from ninja import Router

from tocsin.api.clock import now
from tocsin.api.keys import Bearer
from tocsin.api.schemas import BeliefOut, FunctionStateOut, IncidentOut, ReasonOut, StatusOut, SuspectOut
from tocsin.detection.queries import last_judgement
from tocsin.detection.rules.model import Verdict
from tocsin.incidents.queries import recent
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.errors import ConflictError

router = Router(tags=["state"], auth=Bearer("read"))


@router.get("status", response=StatusOut, summary="What works for whom")
def status(request: HttpRequest) -> StatusOut:
    """Give the state of every function for every audience, with reasons."""
    del request
    judgement = last_judgement()
    if judgement is None:
        raise ConflictError("status.none_yet", "Nothing has been judged yet.", hint="Ask again in a minute.")
    return StatusOut(
        at=judgement.at,
        functions=[_function_state(verdict) for verdict in judgement.verdicts.values()],
        blind={eye.value: since for eye, since in judgement.blind.items()},
    )


@router.get("incidents", response=list[IncidentOut], summary="Incidents, open and recent")
def incidents(request: HttpRequest) -> list[IncidentOut]:
    """Give the incidents that are open and those that closed within a day."""
    del request
    return [_incident(incident) for incident in recent(now())]


def _function_state(verdict: Verdict) -> FunctionStateOut:
    return FunctionStateOut(
        function=verdict.subject.function,
        audience=verdict.subject.audience,
        state=verdict.state.value,
        since=verdict.since,
        confidence=verdict.confidence,
        eyes=sorted(eye.value for eye in verdict.eyes),
        packages=_listed(verdict.packages),
        regions=_listed(verdict.regions),
        belief=None if verdict.posterior is None else BeliefOut(**asdict(verdict.posterior)),
        is_minor=verdict.is_minor,
        flaps_an_hour=verdict.flaps_an_hour,
        reasons=[ReasonOut(code=reason.code, facts=dict(reason.facts)) for reason in verdict.reasons],
    )


def _incident(incident: Incident) -> IncidentOut:
    return IncidentOut(
        id=incident.id,
        phase=incident.phase.value,
        state=incident.state.value,
        opened_at=incident.opened_at,
        hit_since=incident.hit_since,
        closed_at=incident.closed_at,
        next_update_at=incident.next_update_at,
        confidence=incident.confidence,
        functions=list(incident.functions),
        audiences=_listed(incident.audiences),
        packages=_listed(incident.packages),
        regions=_listed(incident.regions),
        suspects=[SuspectOut(id=suspect.id, score=suspect.score) for suspect in incident.suspects],
        change=incident.change,
        is_drill=incident.is_drill,
        is_minor=incident.is_minor,
    )


def _listed(ids: tuple[str, ...] | None) -> list[str] | None:
    return None if ids is None else list(ids)
