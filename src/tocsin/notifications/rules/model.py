"""What is sent to whom: a letter is a message in one language for one audience, in no channel's form yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tocsin.kernel.language import Language, LocalizedText


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
        """An e-mail's subject line."""
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
        """`first`, `update`, `holding` or `end`."""
        ...

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions hit, in pack order."""
        ...

    @property
    def texts(self) -> Mapping[str, Words]:
        """Audience → what it reads."""
        ...

    @property
    def is_drill(self) -> bool:
        """Whether it is an exercise."""
        ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """What someone asked for: an audience and, where they chose some, only these functions (empty: all)."""

    audience: str
    functions: tuple[str, ...] = ()


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
    drill: str
    unofficial: str
    replay_short: str
    replay: str


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
    """A message in one language. `action` is the one thing to click, `leave` how to hear no more.

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


@dataclass(frozen=True, slots=True)
class Message:
    """A letter on its way to one recipient; `key` stays the same between attempts, `thread` within an outage."""

    key: str
    recipient: str
    at: datetime
    thread: str
    letter: Letter
