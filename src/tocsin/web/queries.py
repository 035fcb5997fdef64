"""Reads for the screens: rows of the domains below, as the board wants them. Nothing is written here."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q

from tocsin.accounts.models import PanelMember
from tocsin.bulletins.models import BulletinRow
from tocsin.bulletins.queries import adapter, approvals, assessments, policy, wording
from tocsin.bulletins.rules.approval import needed
from tocsin.bulletins.rules.model import Bulletin, PublicationPolicy
from tocsin.catalog.rules.model import Pack
from tocsin.changes.models import ChangeRow
from tocsin.continuity.models import ActivationRow
from tocsin.continuity.rules.model import Procedure
from tocsin.detection.queries import Pulse, last_judgement, pulse
from tocsin.detection.rules.model import Judgement
from tocsin.incidents.models import IncidentRow, TimelineEntry
from tocsin.incidents.queries import read_incident, recent
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.clock import in_brussels
from tocsin.notifications.budget import Question, questions
from tocsin.notifications.queries import deliveries_of
from tocsin.observations.crowd import Crowd, crowd
from tocsin.observations.models import EyeSign, IntakeCount
from tocsin.observations.polls import Asked, asked_lately
from tocsin.observations.rules.model import Eye
from tocsin.web import board
from tocsin.web.attention import Worry, worries
from tocsin.web.eyes import EyeState, eye_states
from tocsin.web.interventions import Interventions, arranged, suspected_by

STUMBLE_SHOWN = timedelta(minutes=10)
"""How long a tick that failed stays on the screen."""

REFUSALS = Q(code__startswith="refused.") | Q(code__startswith="redacted.") | Q(code__startswith="error.")
"""The intake codes of what was not kept as it came."""


@dataclass(frozen=True, slots=True)
class Console:
    """Everything on the console's first screen."""

    grid: board.Grid
    cards: tuple[board.Card, ...]
    closed: tuple[board.Card, ...]
    eyes: tuple[EyeState, ...]
    policy: PublicationPolicy
    refusals: tuple[IntakeCount, ...]
    interventions: Interventions
    stumble: Pulse | None
    crowd: tuple[Crowd, ...] = ()
    worries: tuple[Worry, ...] = ()
    questions: tuple[Question, ...] = ()
    polls: tuple[Asked, ...] = ()

    @property
    def refused_count(self) -> int:
        """Return how much was refused or redacted today."""
        return sum(row.count for row in self.refusals)

    @property
    def tally(self) -> list[tuple[str, int]]:
        """Return how many functions stand worst in each state, worst state first, leaving out states nobody is in."""
        counted = Counter(row.worst.value for row in self.grid.rows)
        return [(state, counted[state]) for state in ("down", "degraded", "unknown", "ok") if counted[state]]

    @property
    def draft_count(self) -> int:
        """Return how many messages wait for approval."""
        return sum(len(card.drafts) for card in self.cards + self.closed)


def console(*, now: datetime, pack: Pack, procedures: dict[str, Procedure]) -> Console:
    """Read the whole first screen in a fixed number of queries."""
    judgement = last_judgement()
    incidents = recent(now)[::-1]
    in_force = policy()
    cards = _cards(incidents, policy=in_force, now=now, pack=pack, procedures=procedures)
    visitors = crowd(now)
    return Console(
        grid=board.grid(judgement, pack=pack, now=now),
        cards=tuple(sorted((card for card in cards if card.incident.is_open), key=lambda card: -card.severity.weight)),
        closed=tuple(card for card in cards if not card.incident.is_open),
        eyes=eyes(judgement),
        policy=in_force,
        refusals=refusals(now),
        interventions=interventions(incidents, now=now),
        stumble=stumble(now),
        crowd=visitors,
        worries=worries(visitors, judgement, incidents=incidents),
        questions=tuple(questions()),
        polls=asked_lately(now),
    )


def is_announced(function: str, *, audience: str, now: datetime) -> bool:
    """Say whether the public page tells this profession at this moment that something is wrong with the function."""
    open_now = [incident.id for incident in recent(now) if incident.is_open and function in incident.functions]
    said = [stored.bulletin for stored in stored_bulletins(open_now) if stored.status == "published"]
    return any(audience in bulletin.texts and not bulletin.is_drill for bulletin in said)


def stumble(now: datetime) -> Pulse | None:
    """Return the engine's pulse when a tick failed within the last minutes, so that nobody trusts a limping engine."""
    found = pulse()
    if found is None or found.last_failure_at is None or now - found.last_failure_at > STUMBLE_SHOWN:
        return None
    return found


def incident_card(incident_id: str, *, now: datetime, pack: Pack, procedures: dict[str, Procedure]) -> board.Card:
    """Return one incident's card; raises `IncidentRow.DoesNotExist`."""
    row = IncidentRow.objects.get(pk=incident_id)
    found = [read_incident(row.state)]
    return _cards(found, policy=policy(), now=now, pack=pack, procedures=procedures)[0]


def _cards(
    incidents: Sequence[Incident],
    *,
    policy: PublicationPolicy,
    now: datetime,
    pack: Pack,
    procedures: dict[str, Procedure],
) -> list[board.Card]:
    ids = [incident.id for incident in incidents]
    bulletins = _weighed(stored_bulletins(ids), incidents, policy)
    activations = [
        _activation(row, procedures) for row in ActivationRow.objects.filter(incident__in=ids).order_by("pk")
    ]
    broken: defaultdict[str, list[datetime]] = defaultdict(list)
    for key, at in TimelineEntry.objects.filter(incident__in=ids, kind="promise_broken").values_list("incident", "at"):
        broken[key].append(at)
    return [
        board.card(
            incident,
            bulletins=bulletins,
            activations=activations,
            broken_at=broken[incident.id],
            pack=pack,
            now=now,
        )
        for incident in incidents
    ]


def stored_bulletins(incidents: Iterable[str]) -> list[board.StoredBulletin]:
    """Return the bulletins of these incidents, oldest first."""
    rows = BulletinRow.objects.filter(incident__in=list(incidents)).order_by("drafted_at", "id")
    return [stored_bulletin(row) for row in rows]


def stored_bulletin(row: BulletinRow) -> board.StoredBulletin:
    """Read one bulletin's row."""
    bulletin = adapter().validate_python(row.content)
    return board.StoredBulletin(
        bulletin,
        row.status,
        row.published_at,
        row.approved_by,
        row.drafted_at,
        edited_by=row.edited_by,
        has_moved=row.moved is not None,
        override=row.override,
    )


def _weighed(
    stored: Iterable[board.StoredBulletin], incidents: Sequence[Incident], policy: PublicationPolicy
) -> list[board.StoredBulletin]:
    """Add to each draft who must agree and how plain it is, and what became of messages: the last of each incident.

    Where there is one incident, what became of all its messages.
    """
    given = list(stored)
    known = {incident.id: incident for incident in incidents}
    yes = agreed(each.bulletin for each in given if each.status == "draft")
    out = [each.bulletin for each in given if each.status == "published"]
    last = {bulletin.incident: bulletin.id for bulletin in out}
    told = deliveries_of([bulletin.id for bulletin in out] if len(known) == 1 else last.values())
    return [
        weighed(each, known[each.bulletin.incident], policy=policy, agreed=yes)
        if each.status == "draft"
        else replace(each, deliveries=told.get(each.bulletin.id))
        for each in given
    ]


def weighed(
    stored: board.StoredBulletin,
    incident: Incident,
    *,
    policy: PublicationPolicy,
    agreed: Mapping[str, tuple[str, ...]],
) -> board.StoredBulletin:
    """Return a draft with who must agree, who did, and what the check of its words found."""
    found = assessments(stored.bulletin)
    return replace(
        stored,
        people=needed(stored.bulletin, incident, policy=policy).people,
        agreed=agreed.get(stored.bulletin.id, ()),
        score=min((each.score for each in found.values()), default=None),
        is_blocked=any(each.blocks for each in found.values()),
    )


def agreed(drafts: Iterable[Bulletin]) -> dict[str, tuple[str, ...]]:
    """Return who approved the present wording of each draft."""
    words = {draft.id: wording(draft) for draft in drafts}
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in approvals(words):
        if row.wording == words[row.bulletin]:
            found[row.bulletin] += (row.by,)
    return dict(found)


def _activation(row: ActivationRow, procedures: dict[str, Procedure]) -> board.StoredActivation:
    return board.StoredActivation(
        key=row.pk,
        procedure_id=row.procedure,
        procedure=procedures.get(row.procedure),
        incident=row.incident,
        state=row.state,
        start=row.start,
        until=row.until,
        by=row.by,
    )


def refusals(now: datetime) -> tuple[IntakeCount, ...]:
    """Return what intake refused or redacted today, latest first."""
    today = in_brussels(now).date()
    return tuple(IntakeCount.objects.filter(REFUSALS, day=today).order_by("-last_at", "source", "code"))


def interventions(incidents: Sequence[Incident], *, now: datetime) -> Interventions:
    """Return the interventions of the last day, and those suspected however long ago; readings are left out."""
    suspected = suspected_by(incidents)
    is_shown = Q(at__gte=now - timedelta(hours=24)) | Q(change__in=suspected)
    rows = ChangeRow.objects.filter(is_shown, at__lte=now).exclude(kind="fingerprint").order_by("-at", "-pk")
    return arranged(list(rows), suspected=suspected)


def eyes(judgement: Judgement | None) -> tuple[EyeState, ...]:
    """Say of each eye whether it sees; a panel that was invited is in use, even before its first report."""
    last_seen = dict(EyeSign.objects.values_list("eye", "last_seen"))
    is_awaited = Eye.PANEL.value not in last_seen and PanelMember.objects.filter(left_at__isnull=True).exists()
    return eye_states(judgement, last_seen, awaited=frozenset({Eye.PANEL}) if is_awaited else frozenset())
