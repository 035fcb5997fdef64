"""A bulletin: one public message, in four languages, for each audience it concerns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tocsin.detection.rules.model import State
from tocsin.kernel.language import LocalizedText
from tocsin.kernel.reasons import Reason

type BulletinKind = Literal["first", "update", "holding", "correction", "retraction", "end"]
"""`correction` mends what an earlier bulletin said wrongly; `retraction` ends a false alarm: "we were wrong"."""

OVER: frozenset[BulletinKind] = frozenset({"end", "retraction"})
"""The kinds after which nothing more is promised."""


@dataclass(frozen=True, slots=True)
class AudienceText:
    """What one audience reads, in the order in which it is read.

    `headline` does it hit me; `scope` since when, who, where; `now` what to do with the patient in front of me
    (the first procedures' instructions, most important first), `procedures` the ids of all that help, those of `now`
    first; `paid` reimbursed or legal, None where there is nothing to say; `avoid` do not; `next_update` when we speak
    again (None at the end); `duties` what to do afterwards (at the end); `subject` an e-mail's subject line.
    No part carries its label ("Now:"); `wording.lines` puts parts in order with their labels. `sms` is the whole
    message in one text message (160 septets of GSM-7, or 70 characters of UCS-2 where that cannot spell it), what it
    must say of itself (unofficial, exercise) included; `push` the body of a notification on a screen (its title is
    `subject`). Both are empty in bulletins stored before they existed.
    """

    headline: LocalizedText
    scope: LocalizedText
    now: tuple[LocalizedText, ...]
    procedures: tuple[str, ...]
    paid: LocalizedText | None
    avoid: LocalizedText | None
    next_update: LocalizedText | None
    duties: tuple[LocalizedText, ...]
    subject: LocalizedText
    sms: LocalizedText = field(default_factory=dict)
    push: LocalizedText = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A message drafted from facts. `id` is `<incident>-b<n>`; `texts` maps audience id → text, in pack order.

    `corrects` is the bulletin that a correction mends. `is_silent` puts it on the pages without telling anybody:
    editing silently and notifying are two different acts.
    """

    id: str
    incident: str
    kind: BulletinKind
    number: int
    drafted_at: datetime
    state: State
    functions: tuple[str, ...]
    audiences: tuple[str, ...] | None
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None
    texts: Mapping[str, AudienceText]
    next_update_at: datetime | None
    is_drill: bool = False
    corrects: str | None = None
    is_silent: bool = False


type Automation = Literal["manual", "automatic"]

type Approval = Literal["automatic", "one_click", "two_people"]
"""Who must agree before a bulletin goes out; `automatic` means nobody, once automation is unlocked."""

type Severity = Literal["grave", "serious", "limited", "unsure"]
"""How much hangs on a bulletin (see `approval.severity`); `unsure` is a first word on too little evidence."""

type Holding = Literal["automatic", "ask"]
"""Whether a promised update that nobody approved in time goes out by itself when it claims nothing new."""


@dataclass(frozen=True, slots=True)
class PublicationPolicy:
    """When a bulletin may go out without a human's click, and how many people must agree otherwise.

    Shipped locked (`manual`); an operator unlocks `automatic`. Even then the first bulletin of an incident needs
    `min_eyes` independent eyes, `min_confidence`, and no more than `max_openings_per_hour` automatic first
    bulletins in the last hour. `is_held` (the one switch) stops everything automatic. `approvals` is what the operator
    decided for each severity; what is not in it is as shipped (`approval.SHIPPED`). `crucial` are the functions that
    the pack calls crucial (None: all of them, the stricter reading).
    """

    automation: Automation = "manual"
    min_eyes: int = 2
    min_confidence: float = 0.9
    max_openings_per_hour: int = 3
    is_held: bool = False
    approvals: Mapping[Severity, Approval] = field(default_factory=dict)
    holding: Holding = "automatic"
    crucial: frozenset[str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy says of a draft: publish now, or wait for approval; with the reasons."""

    publish: bool
    reasons: tuple[Reason, ...]
