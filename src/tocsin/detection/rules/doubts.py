"""Doubts worth a question to the panel: what one eye says alone, a belief in between, a crowd that nothing bears out.

What several eyes agree on needs no question, and neither does what none of them doubts; unless an answer would tell
apart who is suspected of an open incident, which others work out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tocsin.catalog.rules.model import Pack
from tocsin.detection.rules.model import Judgement, State, Subject, Verdict
from tocsin.kernel.reasons import Reason
from tocsin.observations.rules.model import Eye
from tocsin.observations.rules.polling import Doubt

UNSURE: Final = (0.3, 0.9)
"""Between these beliefs that something is wrong, an answer moves the verdict more than the question costs."""

CROWD_ASKS: Final = 5
"""Visitors of the public page within half an hour; each network address counts once, and anybody can press."""


def doubts(
    judgement: Judgement, *, crowd: Mapping[tuple[str, str], int], pack: Pack, telling: Sequence[Doubt] = ()
) -> tuple[Doubt, ...]:
    """Return what to ask about, the most telling first.

    One eye alone, then what would tell suspects apart (`telling`), then beliefs in between, then crowds: whether
    something fails comes before why, and why before what may be nothing. `crowd` counts visitors by function and
    audience. Within each sort, crucial functions come first, in pack order.
    """
    verdicts = [
        judgement.verdicts[subject]
        for function in sorted(pack.functions.values(), key=lambda function: not function.is_crucial)
        for audience in function.audiences
        if (subject := Subject(function.id, audience)) in judgement.verdicts
    ]
    found = [*_one_eyed(verdicts), *telling, *_unsure(verdicts), *_crowded(verdicts, crowd)]
    # A subject is asked about once, for its most telling reason.
    first = {(doubt.function, doubt.audience): doubt for doubt in reversed(found)}
    return tuple(doubt for doubt in found if first[doubt.function, doubt.audience] is doubt)


def _one_eyed(verdicts: list[Verdict]) -> Iterator[Doubt]:
    for each in verdicts:
        if _is_bad(each) and len(each.eyes) == 1:
            eye = next(iter(each.eyes))
            yield _doubt(each, Reason("poll.one_eye", {"eye": eye.value, "state": each.state.value}))


def _unsure(verdicts: list[Verdict]) -> Iterator[Doubt]:
    low, high = UNSURE
    for each in verdicts:
        belief = each.posterior.bad if each.posterior is not None else None
        if belief is not None and low < belief < high and Eye.PANEL not in each.eyes:
            yield _doubt(each, Reason("poll.unsure", {"belief_share": round(belief, 2)}))


def _crowded(verdicts: list[Verdict], crowd: Mapping[tuple[str, str], int]) -> Iterator[Doubt]:
    for each in verdicts:
        visitors = crowd.get((each.subject.function, each.subject.audience), 0)
        if is_unborne(visitors, each):
            yield Doubt(each.subject.function, each.subject.audience, Reason("poll.crowd", {"visitors": visitors}))


def is_unborne(visitors: int, verdict: Verdict) -> bool:
    """Say whether enough visitors complain to be asked about, of what no eye says that it fails."""
    return visitors >= CROWD_ASKS and not _is_bad(verdict)


def _doubt(verdict: Verdict, reason: Reason) -> Doubt:
    subject = verdict.subject
    return Doubt(subject.function, subject.audience, reason, verdict.packages, verdict.regions)


def _is_bad(verdict: Verdict) -> bool:
    return verdict.state in {State.DEGRADED, State.DOWN}
