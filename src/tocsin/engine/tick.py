"""One tick read aloud: gather → judge → locate → steer → continue → say → ask → save.

The stages are pure functions of the domains; this module only hands the result of one to the next. It remembers
nothing: what the next tick needs is in the outcome, which a sink keeps and an evidence source hands back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.bulletins.rules.drafting import due_bulletins, restatements
from tocsin.bulletins.rules.model import Bulletin, PublicationPolicy
from tocsin.bulletins.rules.policy import decide
from tocsin.bulletins.rules.templates import Templates
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import Interventions
from tocsin.continuity.rules.activation import activations
from tocsin.continuity.rules.model import Activation, Procedure
from tocsin.detection.rules.doubts import doubts
from tocsin.detection.rules.judge import judge
from tocsin.detection.rules.profile import Profile
from tocsin.diagnosis.rules.model import Background
from tocsin.diagnosis.rules.suspects import explain
from tocsin.engine.ports import Outcome, Situation
from tocsin.incidents.rules.asking import telling_doubts
from tocsin.incidents.rules.model import Incident, IncidentEvent
from tocsin.incidents.rules.promises import Word
from tocsin.incidents.rules.steering import next_steps
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.polling import Poll, Said, polls


@dataclass(frozen=True, slots=True)
class Federation:
    """What does not change from tick to tick: the pack, its procedures, its message templates, the profile."""

    pack: Pack
    procedures: Mapping[str, Procedure]
    templates: Templates
    profile: Profile


def tick(situation: Situation, *, federation: Federation, now: datetime) -> Outcome:
    """Return what follows, at `now`, from what is known."""
    pack = federation.pack
    evidence = situation.evidence
    judgement = judge(evidence, pack=pack, profile=federation.profile, previous=situation.previous, now=now)
    explanations = explain(
        judgement,
        evidence=evidence,
        changes=situation.changes,
        pack=pack,
        now=now,
        background=Background(federation.profile.credence, situation.past),
    )
    events = next_steps(
        situation.incidents,
        judgement,
        explanations,
        evidence=evidence,
        pack=pack,
        now=now,
        interventions=Interventions(situation.changes, situation.maintenance),
        told=_told(situation.published),
    )
    activated = _activated(situation, after(situation.incidents, events), federation, now)
    silent = Outcome(now, judgement, explanations, events, activated, drafted=(), published=())
    drafted = _drafted(situation, silent, federation)
    published = _published(situation, silent, drafted)
    again = _restated(situation, silent, federation, published)
    asked = _asked(situation, silent, pack=pack)
    return replace(silent, drafted=(*drafted, *again), published=(*published, *again), polls=asked)


def after(incidents: Sequence[Incident], events: Sequence[IncidentEvent]) -> tuple[Incident, ...]:
    """Return the incidents as they are once the events have happened, new ones last."""
    states = {incident.id: incident for incident in incidents}
    states.update({event.incident.id: event.incident for event in events})
    return tuple(states.values())


def in_force(existing: Sequence[Activation], changed: Sequence[Activation]) -> tuple[Activation, ...]:
    """Return all activations, the changed ones in their new state, new ones last."""
    states = {(each.incident, each.procedure): each for each in existing}
    states.update({(each.incident, each.procedure): each for each in changed})
    return tuple(states.values())


def _asked(situation: Situation, outcome: Outcome, *, pack: Pack) -> tuple[Poll, ...]:
    panel = situation.panel
    if situation.policy.is_held or not panel.members:
        return ()
    said = [Said(report.member, report.function, report.at) for report in situation.evidence.reports]
    telling = telling_doubts(after(situation.incidents, outcome.events))
    found = doubts(outcome.judgement, crowd=panel.crowd, pack=pack, telling=telling)
    return polls(found, panel, said=said, now=outcome.at)


def _told(published: Sequence[Bulletin]) -> dict[str, Word]:
    return {bulletin.incident: Word(bulletin.drafted_at, bulletin.next_update_at) for bulletin in published}


def _activated(
    situation: Situation, incidents: tuple[Incident, ...], federation: Federation, now: datetime
) -> tuple[Activation, ...]:
    return activations(
        incidents=incidents,
        existing=situation.activations,
        procedures=federation.procedures,
        pack=federation.pack,
        is_held=situation.policy.is_held,
        is_automatic=situation.policy.automation == "automatic",
        now=now,
    )


def _drafted(situation: Situation, outcome: Outcome, federation: Federation) -> tuple[Bulletin, ...]:
    return due_bulletins(
        events=(*outcome.events, *_closed_by_hand(situation)),
        incidents=after(situation.incidents, outcome.events),
        published=situation.published,
        drafts=situation.drafts,
        activations=in_force(situation.activations, outcome.activations),
        procedures=federation.procedures,
        templates=federation.templates,
        pack=federation.pack,
        now=outcome.at,
    )


def _closed_by_hand(situation: Situation) -> tuple[IncidentEvent, ...]:
    # A duty officer closes between two ticks; those who were told the start are told that end as well.
    before = situation.previous.at if situation.previous is not None else None
    return tuple(
        IncidentEvent("closed", incident.closed_at, incident)
        for incident in situation.incidents
        if incident.closed_at is not None and before is not None and incident.closed_at > before
    )


def _published(situation: Situation, outcome: Outcome, drafted: tuple[Bulletin, ...]) -> tuple[Bulletin, ...]:
    return tuple(bulletin for bulletin, _ in let_out(situation, outcome, drafted, policy=situation.policy))


def _restated(
    situation: Situation, outcome: Outcome, federation: Federation, published: Sequence[Bulletin]
) -> tuple[Bulletin, ...]:
    spoken = {bulletin.incident for bulletin in published}
    late = restatements(
        incidents=[each for each in after(situation.incidents, outcome.events) if each.id not in spoken],
        published=situation.published,
        drafts=situation.drafts,
        taken_over=situation.taken_over,
        templates=federation.templates,
        now=outcome.at,
    )
    # A restatement that may not go out is not kept either: what waits beside it is what a person should decide on.
    return tuple(
        bulletin for bulletin, _ in let_out(replace(situation, drafts=()), outcome, late, policy=situation.policy)
    )


def let_out(
    situation: Situation, outcome: Outcome, drafted: Sequence[Bulletin], *, policy: PublicationPolicy
) -> tuple[tuple[Bulletin, Sequence[Reason]], ...]:
    """Return what waits and what was drafted now that the policy lets out, each with the reasons, in order.

    What waited is decided anew at every tick: the second eye may have opened meanwhile. What a person edited is theirs.
    """
    incidents = {incident.id: incident for incident in after(situation.incidents, outcome.events)}
    waiting = {bulletin.id: bulletin for bulletin in (*situation.drafts, *drafted)}
    out: list[tuple[Bulletin, Sequence[Reason]]] = []
    for bulletin in waiting.values():
        incident = incidents.get(bulletin.incident)
        if incident is None or bulletin.id in situation.taken_over:
            continue
        told = (*situation.published, *(each for each, _ in out))
        decision = decide(bulletin, incident, policy=policy, published=told, now=outcome.at)
        if decision.publish:
            out.append((bulletin, decision.reasons))
    return tuple(out)
