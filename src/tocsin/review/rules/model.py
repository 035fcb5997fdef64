"""What a review looks back on, and the figures it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.bulletins.rules.model import Bulletin
from tocsin.catalog.rules.model import Source
from tocsin.detection.rules.model import State, Subject
from tocsin.incidents.rules.model import Incident


@dataclass(frozen=True, slots=True)
class Publication:
    """A bulletin and when it went out."""

    at: datetime
    bulletin: Bulletin


@dataclass(frozen=True, slots=True)
class PageState:
    """What the public pages said from a moment on (function → audience → state), and of which incidents."""

    at: datetime
    states: Mapping[str, Mapping[str, State]]
    incidents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StateChange:
    """A verdict became another one at `at`; `since` is when the new state is estimated to have begun."""

    at: datetime
    subject: Subject
    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """All that a review knows, each in the order of time; `until` is how far it looks."""

    incidents: tuple[Incident, ...]
    publications: tuple[Publication, ...]
    pages: tuple[PageState, ...]
    changes: tuple[StateChange, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Estimate:
    """Something that nobody counted, as a range with the sources of its denominators."""

    low: int
    high: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class IncidentFigures:
    """One incident's figures. Every duration runs from the first user hit (`hit_since`, itself an estimate).

    `to_instruction` is None when no instruction was readable before the end, or is not yet (`is_running`). `to_end`
    is until users could work again, `to_closing` until Tocsin said so for good; None while it goes on.
    `falsely_fine` and `falsely_bad` give, for each audience, how long a page said "no problem" while that audience
    could not work, and how long it said the opposite (empty: no page was recorded). `hit` estimates who was hit per
    audience (people for some, organisations for others: never added up), `transactions` how many failed or waited per
    function; `uncounted` names the functions whose national load the pack does not know.
    """

    incident: str
    hit_since: datetime
    is_running: bool
    to_detection: timedelta
    to_instruction: timedelta | None
    to_end: timedelta | None
    to_closing: timedelta | None
    falsely_fine: Mapping[str, timedelta]
    falsely_bad: Mapping[str, timedelta]
    hit: Mapping[str, Estimate]
    transactions: Mapping[str, Estimate]
    uncounted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Durations as a distribution, never as a mean. `never` counts those that did not happen at all.

    The percentiles include those as longer than anything: None means "never" for that percentile. `pending` are
    still open and in no percentile. All None when `count` is 0.
    """

    count: int
    never: int
    pending: int
    median: timedelta | None
    p90: timedelta | None
    p95: timedelta | None
    maximum: timedelta | None


@dataclass(frozen=True, slots=True)
class Review:
    """Figures of every incident, and their distributions. `drills` are counted and in no figure.

    `false_alarms` were taken back: there was no outage to be told in time, so they stand apart; `misled` is how long
    readers believed each, from its first message until "we were wrong". `promises` counts the promised updates that
    came due, `promises_broken` those that came late or not at all.
    """

    incidents: tuple[IncidentFigures, ...]
    drills: int
    to_detection: Distribution
    to_instruction: Distribution
    to_end: Distribution
    falsely_fine: Distribution
    falsely_bad: Distribution
    instructed_within_promise: int
    false_alarms: tuple[str, ...]
    misled: Distribution
    promises: int
    promises_broken: int
