"""The figures of incidents: how fast users were told what to do, and how long the pages were wrong."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest

from tocsin.catalog.rules.model import Pack
from tocsin.incidents.rules.model import Incident
from tocsin.kernel.intervals import Span
from tocsin.review.rules.hit import audiences_hit, professionals, transactions
from tocsin.review.rules.honesty import disagreement, ended_at
from tocsin.review.rules.model import IncidentFigures, Past, Publication, Review
from tocsin.review.rules.percentiles import distribution

_OVER = frozenset({"end", "retraction"})

PROMISE = timedelta(minutes=5)
"""From the first user hit to the first correct instruction readable; promised for 95 % of incidents."""


def review(past: Past, *, pack: Pack) -> Review:
    """Return the figures of every incident of the past and their distributions; exercises are only counted.

    False alarms are counted by themselves: nobody could have been told of an outage that never was.
    """
    genuine = [incident for incident in past.incidents if not incident.is_drill]
    alarms = [incident for incident in genuine if incident.retracted_at is not None]
    real = [incident for incident in genuine if incident.retracted_at is None]
    kept = [is_kept for incident in genuine for is_kept in promises_kept(incident, past=past)]
    figures = tuple(incident_figures(incident, past=past, pack=pack) for incident in real)
    instructed = [each for each in figures if each.to_instruction is not None or not each.is_running]
    ended = [each.to_end for each in figures if each.to_end is not None]
    return Review(
        incidents=figures,
        drills=len(past.incidents) - len(real),
        to_detection=distribution([each.to_detection for each in figures]),
        to_instruction=distribution(
            [each.to_instruction for each in instructed], pending=len(figures) - len(instructed)
        ),
        to_end=distribution(ended, pending=len(figures) - len(ended)),
        falsely_fine=distribution([worst(each.falsely_fine) for each in figures if each.falsely_fine]),
        falsely_bad=distribution([worst(each.falsely_bad) for each in figures if each.falsely_bad]),
        instructed_within_promise=sum(
            each.to_instruction is not None and each.to_instruction <= PROMISE for each in instructed
        ),
        false_alarms=tuple(incident.id for incident in alarms),
        misled=distribution([misled_for(incident, past=past) for incident in alarms]),
        promises=len(kept),
        promises_broken=kept.count(False),
    )


def misled_for(incident: Incident, *, past: Past) -> timedelta:
    """Return how long readers believed a false alarm: from its first message until it was taken back."""
    told = [each.at for each in past.publications if each.bulletin.incident == incident.id]
    if not told or incident.retracted_at is None:
        return timedelta(0)
    return incident.retracted_at - told[0]


def promises_kept(incident: Incident, *, past: Past) -> Iterator[bool]:
    """Yield for each promised update that came due whether something was out by then; an end keeps a promise too."""
    told = (each for each in past.publications if not each.bulletin.is_silent)
    own = [each for each in told if each.bulletin.incident == incident.id]
    for said, following in zip_longest(own, own[1:]):
        promised = said.bulletin.next_update_at
        # A correction gives no new time: the promise it repeats is judged once, by what came before or after it.
        if promised is None or (following is not None and following.bulletin.next_update_at == promised):
            continue
        heard_at = following.at if following is not None else incident.closed_at
        if heard_at is not None and heard_at <= promised:
            yield True
        elif past.until >= promised:
            yield False


def incident_figures(incident: Incident, *, past: Past, pack: Pack) -> IncidentFigures:
    """Return one incident's figures."""
    end = ended_at(incident)
    span = Span(incident.hit_since, end)
    readable_at = first_instruction(incident, past=past)
    # Where no page was recorded (a replay publishes none) nothing can be said of pages, not that they were right.
    shown_to = audiences_hit(incident, pack=pack) if past.pages else ()
    pages = {
        audience: disagreement(audience, functions=_of(audience, incident, pack), incident=incident, past=past)
        for audience in shown_to
    }
    counted = transactions(incident, span=span, pack=pack, now=past.until)
    return IncidentFigures(
        incident=incident.id,
        hit_since=incident.hit_since,
        is_running=end is None,
        to_detection=incident.opened_at - incident.hit_since,
        to_instruction=None if readable_at is None else readable_at - incident.hit_since,
        to_end=None if end is None else end - incident.hit_since,
        to_closing=None if incident.closed_at is None else incident.closed_at - incident.hit_since,
        falsely_fine={audience: fine for audience, (fine, _) in pages.items()},
        falsely_bad={audience: bad for audience, (_, bad) in pages.items()},
        hit=professionals(incident, span=span, pack=pack, now=past.until),
        transactions=counted,
        uncounted=tuple(name for name in incident.functions if name not in counted),
    )


def first_instruction(incident: Incident, *, past: Past) -> datetime | None:
    """Return when everyone whom a bulletin spoke to could read a procedure; None when that never was before the end.

    A message without a procedure ("we do not know yet") is no instruction, nor is the end. A bulletin counts as
    readable once the pages show its incident, if what they showed is known.
    """
    own = [
        each for each in past.publications if each.bulletin.incident == incident.id and each.bulletin.kind not in _OVER
    ]
    instructed: set[str] = set()
    for publication in own:
        texts = publication.bulletin.texts
        instructed.update(audience for audience, text in texts.items() if text.procedures)
        if texts and instructed.issuperset(texts):
            return _readable_at(publication, past)
    return None


def worst(by_audience: Mapping[str, timedelta]) -> timedelta:
    """Return the longest of the audiences' durations."""
    return max(by_audience.values())


def _readable_at(publication: Publication, past: Past) -> datetime:
    shown = (page.at for page in past.pages if publication.bulletin.incident in page.incidents)
    return max(publication.at, next(shown, publication.at))


def _of(audience: str, incident: Incident, pack: Pack) -> Sequence[str]:
    functions = (pack.functions[name] for name in incident.functions if name in pack.functions)
    return [function.id for function in functions if audience in function.audiences]
