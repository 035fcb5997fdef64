"""The engine's two ports, live: facts come from the database and the telemetry store, the outcome goes to the database.

Between gathering and saving, a duty officer may act. Saving then notices, by the audit log's newest number, that the
situation is no longer the one that was judged, and refuses: the tick is done again on what is so now. That is why
"hold" stops even a tick that is already under way.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from tocsin.audit.queries import last_seq
from tocsin.bulletins import governing
from tocsin.bulletins import queries as bulletins
from tocsin.bulletins import services as say
from tocsin.bulletins.rules.model import Bulletin
from tocsin.bulletins.rules.policy import decide
from tocsin.changes.queries import planned as planned_maintenance
from tocsin.changes.queries import recent as recent_changes
from tocsin.continuity.queries import current as current_activations
from tocsin.continuity.services import sync
from tocsin.detection.queries import last_judgement
from tocsin.detection.services import save_judgement
from tocsin.diagnosis.queries import stored_explanations
from tocsin.engine.ports import Outcome, Situation
from tocsin.engine.tick import after, let_out
from tocsin.incidents.queries import STAYS_KNOWN, past_faults
from tocsin.incidents.queries import recent as recent_incidents
from tocsin.incidents.rules.model import Incident
from tocsin.incidents.services import ENGINE
from tocsin.incidents.services import apply as apply_events
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.errors import ConflictError
from tocsin.kernel.reasons import Reason
from tocsin.observations.polls import standing as panel_standing
from tocsin.observations.ports import TelemetryStore
from tocsin.observations.queries import evidence
from tocsin.observations.rules.model import Eye
from tocsin.runtime.asking import speak_with_panel
from tocsin.runtime.calling import page_who_is_due


class SituationChangedError(ConflictError):
    """Somebody acted between gathering the facts and saving what was decided on them."""

    def __init__(self) -> None:
        """Build the error."""
        super().__init__("engine.situation_changed", "The situation changed during the tick; it is done again.")


class LiveFederation:
    """`EvidenceSource` and `OutcomeSink` in one, since a tick must save against the situation it was given."""

    def __init__(self, store: TelemetryStore, *, eyes: Collection[Eye] | None = None) -> None:
        """Read telemetry from `store`; `eyes` are those to use (None: all that gave a sign of life)."""
        self._store = store
        self._eyes = eyes
        self._gathered_at_seq = 0
        self._situation: Situation | None = None
        self._shadow = _Shadow()

    def situation(self, now: datetime) -> Situation:
        """Return what is known at `now`."""
        self._gathered_at_seq = last_seq()
        incidents = recent_incidents(now)
        self._situation = Situation(
            evidence=evidence(now, self._store, eyes=self._eyes),
            changes=recent_changes(now),
            previous=last_judgement(),
            incidents=incidents,
            activations=current_activations(now),
            published=bulletins.published_since(_told_since(incidents, now)),
            drafts=bulletins.drafts(),
            policy=bulletins.policy(),
            taken_over=bulletins.edited_drafts(),
            maintenance=planned_maintenance(now),
            panel=panel_standing(now),
            past=past_faults(now),
        )
        return self._situation

    def save(self, outcome: Outcome) -> None:
        """Store the outcome, all or nothing; raises `SituationChangedError` when somebody acted meanwhile.

        Whoever must be woken is paged, and the panel asked, afterwards: what fails there must undo nothing.
        """
        with transaction.atomic():
            situation = self._situation
            if situation is None or last_seq() != self._gathered_at_seq:
                raise SituationChangedError
            _save(outcome, situation)
            self._shadow.follow(situation, outcome)
        page_who_is_due(outcome.at)
        speak_with_panel(outcome)


class _Shadow:
    """Keeps what automation would have published while it is locked; each draft and each day once."""

    def __init__(self) -> None:
        self._noted: set[str] = set()
        self._day: date | None = None

    def follow(self, situation: Situation, outcome: Outcome) -> None:
        if situation.policy.automation == "automatic":
            return
        unlocked = replace(situation.policy, automation="automatic")
        would = {
            bulletin.id: (bulletin, reasons)
            for bulletin, reasons in let_out(situation, outcome, outcome.drafted, policy=unlocked)
            if bulletin.id not in self._noted
        }
        today = in_brussels(outcome.at).date()
        if would or today != self._day:
            governing.note_shadow(would, now=outcome.at)
            self._noted |= set(would)
            self._day = today


def _told_since(incidents: tuple[Incident, ...], now: datetime) -> datetime:
    # All that was told of an incident that still counts, however long it lasts: bulletins are numbered within it.
    return min([now - STAYS_KNOWN, *(incident.opened_at for incident in incidents)])


def _save(outcome: Outcome, situation: Situation) -> None:
    now = outcome.at
    apply_events(outcome.events, actor=ENGINE, now=now)
    sync(outcome.activations, now=now)
    say.supersede_what_is_over([each.id for each in after(situation.incidents, outcome.events) if not each.is_open])
    out = {bulletin.id for bulletin in outcome.published}
    for bulletin in outcome.drafted:
        if bulletin.id not in out:
            say.save_draft(bulletin, reasons=_why(bulletin, outcome, situation), now=now)
    for bulletin in outcome.published:
        say.publish(bulletin, reasons=_why(bulletin, outcome, situation), now=now)
    save_judgement(outcome.judgement, explanations=stored_explanations(outcome.explanations))


def _why(bulletin: Bulletin, outcome: Outcome, situation: Situation) -> tuple[Reason, ...]:
    """Return why the policy let the bulletin out, or why it waits."""
    incidents = {incident.id: incident for incident in after(situation.incidents, outcome.events)}
    incident = incidents[bulletin.incident]
    return decide(bulletin, incident, policy=situation.policy, published=situation.published, now=outcome.at).reasons
