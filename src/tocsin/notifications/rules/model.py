"""What is sent to whom: a letter is a message in one language for one audience, in no channel's form yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from tocsin.kernel.language import Language, LocalizedText

type JsonValue = str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None


class Words(Protocol):
    """What one audience reads of an announcement (`bulletins`' `AudienceText` is one)."""

    @property
    def headline(self) -> LocalizedText:
        """Does it hit me."""
        ...

    @property
    def scope(self) -> LocalizedText:
        """Since when, who, where."""
        ...

    @property
    def now(self) -> tuple[LocalizedText, ...]:
        """What to do now, most important first."""
        ...

    @property
    def paid(self) -> LocalizedText | None:
        """Whether it is reimbursed or legal; None where there is nothing to say."""
        ...

    @property
    def avoid(self) -> LocalizedText | None:
        """What not to do."""
        ...

    @property
    def next_update(self) -> LocalizedText | None:
        """When we speak again; None at the end."""
        ...

    @property
    def duties(self) -> tuple[LocalizedText, ...]:
        """What is to be done afterwards."""
        ...

    @property
    def subject(self) -> LocalizedText:
        """An e-mail's subject line, and a screen notification's title."""
        ...

    @property
    def sms(self) -> LocalizedText:
        """The whole in one text message; empty where it was never drafted."""
        ...

    @property
    def push(self) -> LocalizedText:
        """The body of a notification on a screen; empty where it was never drafted."""
        ...


class Announcement(Protocol):
    """Something public that people are told of (`bulletins`' `Bulletin` is one; neither domain imports the other)."""

    @property
    def id(self) -> str:
        """Its own id."""
        ...

    @property
    def incident(self) -> str:
        """The outage that it is about."""
        ...

    @property
    def kind(self) -> str:
        """`first`, `update`, `holding`, `correction`, `retraction` or `end`."""
        ...

    @property
    def state(self) -> str:
        """`down`, `degraded`, `unknown`, or `ok` at the end."""
        ...

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions hit, in pack order."""
        ...

    @property
    def packages(self) -> tuple[str, ...] | None:
        """The software hit; None: all."""
        ...

    @property
    def regions(self) -> tuple[str, ...] | None:
        """The regions hit; None: everywhere."""
        ...

    @property
    def texts(self) -> Mapping[str, Words]:
        """Audience → what it reads."""
        ...

    @property
    def is_drill(self) -> bool:
        """Whether it is an exercise."""
        ...

    @property
    def is_silent(self) -> bool:
        """Whether it is on the pages only, and nobody is told of it."""
        ...


type LeastState = Literal["degraded", "down"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What someone asked for: an audience and, where they chose some, only these (empty: all).

    `least` is the degree from which they want to hear: `degraded` everything, `down` only what does not work.
    `region` and `package` are where and with what they work ("" for not said: they hear of everything). `is_on_duty`
    is whether they work at night and want to be woken (None: they were not asked).
    """

    audience: str
    functions: tuple[str, ...] = ()
    region: str = ""
    package: str = ""
    least: LeastState = "degraded"
    with_drills: bool = False
    is_on_duty: bool | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What decides who is told of an announcement (see `Announcement`); `corrects` is a bulletin's id or empty."""

    kind: str
    state: str
    functions: tuple[str, ...]
    audiences: tuple[str, ...]
    packages: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    is_drill: bool = False
    corrects: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """The words around a bulletin's own text, in one language."""

    now: str
    paid: str
    avoid: str
    next_update: str
    duties: str
    page: str
    why: str
    leave: str
    manage: str
    drill: str
    unofficial: str
    replay_short: str
    replay: str
    comes_and_goes_short: str
    comes_and_goes: str
    several: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a message must say of itself: `short` in the subject, `long` in the body."""

    short: str
    long: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words and where they lead."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """A few lines under a label (which may be empty)."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in one language.

    `action` is the one thing to click, `choices` are the answers to a question (each leads to a page that asks for one
    more tap), `leave` how to hear no more, `manage` how to hear of something else.
    `opens_thread` is true for the first message of an outage to this person; the later ones answer it.
    """

    language: Language
    subject: str
    headline: str
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...] = ()
    action: Link | None = None
    footer: str = ""
    leave: Link | None = None
    opens_thread: bool = True
    manage: Link | None = None
    choices: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A letter on its way to one recipient; `key` stays the same between attempts, `thread` within an outage.

    `sms` is the whole in one text message, `push` the body of a screen notification, both with what the message must
    say of itself (see `marks`); `facts` is the same for machines: `bulletin`, `incident`, `kind`, `state`,
    `functions`, `audience`, `packages`, `regions`, `published_at`, `next_update_at`, `page`, `is_drill`. Messages of
    the same `variant` (unless it is empty) say the same but for `recipient`, `key`, `thread`, and where their letter
    leads to leave or change: a channel may write the rest once.
    """

    key: str
    recipient: str
    at: datetime
    thread: str
    letter: Letter
    sms: str = ""
    push: str = ""
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    variant: str = ""
