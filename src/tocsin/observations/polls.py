"""Questions to the panel, stored: who may be asked, what was asked, what came back."""

import hmac
from base64 import urlsafe_b64encode
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import constant_time_compare

from tocsin.accounts.models import PanelMember
from tocsin.audit import services as audit
from tocsin.kernel.reasons import Reason
from tocsin.observations.crowd import crowd
from tocsin.observations.models import PollQuestion, PollRow
from tocsin.observations.rules.polling import BUDGET_BACK, Askable, Panel, Poll

ENGINE: Final = "engine"
SHOWN: Final = timedelta(hours=2)
"""How far back the console shows questions and their answers."""

KEPT: Final = timedelta(days=90)
"""Who answers how often is worked out from these."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that went out, with what came back so far."""

    function: str
    audience: str
    reason: Reason
    at: datetime
    until: datetime
    members: int
    working: int
    failing: int

    @property
    def waiting(self) -> int:
        """Return how many have not answered."""
        return self.members - self.working - self.failing


def standing(now: datetime) -> Panel:
    """Return what the engine needs to decide whom to ask: members with a contact, open questions, the crowd."""
    history: dict[str, list[datetime]] = defaultdict(list)
    answered: Counter[str] = Counter()
    recent = PollQuestion.objects.filter(asked_at__gt=now - BUDGET_BACK, asked_at__lte=now).order_by("asked_at", "pk")
    for member, asked_at, answered_at in recent.values_list("member", "asked_at", "answered_at"):
        history[member].append(asked_at)
        answered[member] += answered_at is not None
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    rows = PanelMember.objects.filter(living, joined_at__isnull=False, left_at=None, contacts__isnull=False).order_by(
        "invited_at", "pseudonym"
    )
    return Panel(
        members=tuple(
            Askable(
                member=row.pseudonym,
                audience=row.audience,
                package=row.package,
                region=row.region,
                practice=row.practice,
                is_on_duty=row.is_on_duty,
                asked_at=tuple(history[row.pseudonym]),
                answered=answered[row.pseudonym],
            )
            for row in rows.distinct()
        ),
        asked=tuple(_poll(row) for row in PollRow.objects.filter(until__gt=now).order_by("at", "pk")),
        crowd={
            (said.function, audience): visitors
            for said in crowd(now)
            for audience, visitors in said.by_audience.items()
        },
    )


@transaction.atomic
def save_polls(polls: Iterable[Poll], *, now: datetime) -> tuple[PollQuestion, ...]:
    """Store what is asked, audited; return every member's copy."""
    copies: list[PollQuestion] = []
    for poll in polls:
        row = PollRow.objects.create(
            function=poll.function,
            audience=poll.audience,
            packages=None if poll.packages is None else list(poll.packages),
            regions=None if poll.regions is None else list(poll.regions),
            reason=poll.reason.to_json(),
            at=poll.at,
            until=poll.until,
        )
        copies += [PollQuestion.objects.create(poll=row, member=member, asked_at=poll.at) for member in poll.members]
        facts = {"audience": poll.audience, "members": len(poll.members), "reason": poll.reason.code}
        audit.record(at=now, actor=ENGINE, action="panel.asked", subject=poll.function, facts=facts)
    return tuple(copies)


def asked_lately(now: datetime) -> tuple[Asked, ...]:
    """Return the questions of the last two hours with what came back, latest first."""
    rows = PollRow.objects.filter(at__gt=now - SHOWN, at__lte=now).order_by("-at", "-pk").prefetch_related("questions")
    return tuple(_asked(row, row.questions.all()) for row in rows)


def open_questions(member: str, *, now: datetime) -> tuple[PollQuestion, ...]:
    """Return what a member is asked at this moment and has not answered."""
    rows = PollQuestion.objects.filter(member=member, answered_at=None, poll__until__gt=now, asked_at__lte=now)
    return tuple(rows.select_related("poll").order_by("asked_at", "pk"))


def question_token(question: PollQuestion) -> str:
    """Return what a link to a question consists of: its number, and a signature that nobody else can make."""
    return f"{question.pk}.{_proof(str(question.pk))}"


def question_by_token(token: str) -> PollQuestion | None:
    """Return the question whose link this is, None where it is none of ours."""
    number, _, proof = token.partition(".")
    if not number.isascii() or not number.isdecimal() or not constant_time_compare(proof, _proof(number)):
        return None
    return PollQuestion.objects.select_related("poll").filter(pk=int(number)).first()


def forget_polls(*, now: datetime) -> None:
    """Forget questions that have served their time."""
    PollRow.objects.filter(at__lt=now - KEPT).delete()


def _proof(number: str) -> str:
    key = sha256(f"observations.poll|{settings.SECRET_KEY}".encode()).digest()
    return urlsafe_b64encode(hmac.digest(key, number.encode(), "sha256")[:15]).decode()


def _poll(row: PollRow) -> Poll:
    return Poll(
        function=row.function,
        audience=row.audience,
        members=(),
        reason=Reason.from_json(row.reason),
        at=row.at,
        until=row.until,
    )


def _asked(row: PollRow, questions: Collection[PollQuestion]) -> Asked:
    return Asked(
        function=row.function,
        audience=row.audience,
        reason=Reason.from_json(row.reason),
        at=row.at,
        until=row.until,
        members=len(questions),
        working=sum(1 for each in questions if each.works is True),
        failing=sum(1 for each in questions if each.works is False),
    )
