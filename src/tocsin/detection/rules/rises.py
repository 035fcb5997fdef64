"""Where a share of bad calls has risen, over the last ten minutes of many series at once.

The e-detector says how sure that is and since when. Almost nowhere is anything wrong, so it is asked only where plain
comparison leaves a doubt. What is over is over: a rise counts only if its latest calls are still bad, however sure it
is that there was one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin.detection.rules.edetector import ODDS, evidence_since, total_evidence
from tocsin.detection.rules.scores import likeness
from tocsin.detection.rules.tallies import FINE_EDGES, FINE_WIDTHS

type Numbers = NDArray[np.float64]
type Ages = NDArray[np.int64]

BUCKETS_OF_A_MINUTE = 6
_TOGETHER = 5 * BUCKETS_OF_A_MINUTE / FINE_WIDTHS
"""The profile learns from sums of five minutes how far calls go together."""
_LEAST_BAD = 3.0
_LEAST_RATIO = (ODDS[0] - 1.0) / float(np.log(ODDS[0]))
"""Below 1.44 times the usual share even the smallest size finds no evidence."""
_NOW = tuple(FINE_EDGES.index(minutes * BUCKETS_OF_A_MINUTE) - 1 for minutes in (1, 3, 5, 10))
_BAD_TO_TELL = 5.0
"""Whether it goes on is read from the shortest of one, three, five and ten minutes that should have so many bad."""
_STILL_ON_PART = 0.4
_SURELY_GOOD = 3.0
"""Twenty times likelier good than bad: what it takes for minutes in between to part two rises."""
_NEVER = 1e9
_ENOUGH_CALLS = 10.0
_EDGES = np.array(FINE_EDGES[1:], np.int64)


@dataclass(frozen=True, slots=True)
class Rises:
    """The evidence of a rise (natural log of an e-detector, 0 for none worth a word) and its age in buckets."""

    evidence: Numbers
    onset: Ages

    def strongest_of(self, place: NDArray[np.intp], shape: tuple[int, ...]) -> "Rises":
        """Return the strongest of each place, laid out anew; `place` names each one's in the flattened shape."""
        found = Rises(np.zeros(shape), np.zeros(shape, np.int64))
        order = np.argsort(self.evidence, kind="stable")
        found.evidence.ravel()[place[order]] = self.evidence[order]
        found.onset.ravel()[place[order]] = self.onset[order]
        return found


def rises(
    bad: Numbers,
    calls: Numbers,
    *,
    usual: Numbers,
    spread: Numbers,
    effect: Numbers,
    least: Numbers,
    whole: NDArray[np.intp] | None = None,
) -> Rises:
    """Return where the share rose by at least the effect, with at least so much evidence, and is still up.

    `bad` and `calls` are [series, fine step] as in a tally, all else [series]. `whole` is the place of the series of
    which each is a slice (None: of none): what is over for all is over for each.
    """
    found = Rises(np.zeros(usual.size), np.zeros(usual.size, np.int64))
    since_bad, since_calls = np.cumsum(bad, axis=-1), np.cumsum(calls, axis=-1)
    where = np.flatnonzero(_is_doubtful(since_bad, since_calls, usual))
    if where.size:
        ratios = evidence_since(bad[where], calls[where], share=usual[where], spread=spread[where], together=_TOGETHER)
        mine_bad, mine_calls, common = since_bad[where], since_calls[where], usual[where]
        is_over = _is_over_since(mine_bad, mine_calls, common, least=least[where])
        if whole is not None:
            of_all = whole[where]
            is_over |= _is_over_since(since_bad[of_all], since_calls[of_all], common, least=least[where])
        likely = likeness(mine_bad, mine_calls, usual=common[:, None], hit=_height(mine_bad, mine_calls)[:, None])
        start = np.where(is_over, -_NEVER, likely).argmax(axis=-1)
        sure = total_evidence(np.where(is_over, -_NEVER, ratios))
        is_on = _is_on(mine_bad, mine_calls, start, usual=common, effect=effect[where])
        is_so = (sure >= least[where]) & is_on
        found.evidence[where] = np.where(is_so, sure, 0.0)
        found.onset[where] = _EDGES[start]
    return found


def may_rise(bad: Numbers) -> NDArray[np.intp]:
    """Return which series, [series, fine step], had bad calls enough to be looked at."""
    return np.flatnonzero(bad.sum(axis=-1) >= _LEAST_BAD)


def _is_doubtful(since_bad: Numbers, since_calls: Numbers, usual: Numbers) -> NDArray[np.bool_]:
    is_much = (since_bad >= _LEAST_BAD) & (since_bad > since_calls * (usual * _LEAST_RATIO)[..., None])
    return np.asarray(is_much.any(axis=-1))


def _height(since_bad: Numbers, since_calls: Numbers) -> Numbers:
    """Return how high the share is: the newest minutes', or all ten minutes'.

    The rise began where calls since then are likeliest bad at half this height or more. The size that has most evidence
    would do for that, were it not that two bad calls minutes before lengthen a rise that has just begun.
    """
    shares = since_bad[:, _NOW[:2]] / np.maximum(since_calls[:, _NOW[:2]], _ENOUGH_CALLS)
    return np.maximum(shares.max(axis=1), since_bad[:, -1] / np.maximum(since_calls[:, -1], 1.0))


def _is_over_since(since_bad: Numbers, since_calls: Numbers, usual: Numbers, *, least: Numbers) -> NDArray[np.bool_]:
    """Say of which steps, [series, step], a clear rise was over some later step: good minutes part it from now.

    Good is what is not half as bad as the older minutes were. Two bad calls after the end of an outage would otherwise
    inherit all the evidence of it.
    """
    older_bad, older_calls = (each[:, -1:] - each[:, _NOW[:-1]] for each in (since_bad, since_calls))
    older = (older_bad / np.maximum(older_calls, _ENOUGH_CALLS)).max(axis=1)
    hit = np.maximum(older, _height(since_bad, since_calls))
    likely = likeness(since_bad, since_calls, usual=usual[:, None], hit=hit[:, None])
    fallen = np.maximum.accumulate(np.maximum(likely, 0.0), axis=-1) - likely
    is_older = np.maximum.accumulate(fallen >= _SURELY_GOOD, axis=-1)
    lowest = np.minimum.accumulate(np.where(is_older, likely, _NEVER), axis=-1)
    risen = np.where(is_older, likely - lowest, 0.0).max(axis=-1)
    return np.asarray(is_older & (risen >= least)[:, None])


def _is_on(
    since_bad: Numbers, since_calls: Numbers, start: NDArray[np.intp], *, usual: Numbers, effect: Numbers
) -> NDArray[np.bool_]:
    """Say where the share since the rise began is large enough, and the latest calls are not far better than that."""
    rows = np.arange(start.size)
    hit = since_bad[rows, start] / np.maximum(since_calls[rows, start], 1.0)
    latest = np.full(start.size, _NOW[-1])
    for mark in reversed(_NOW[:-1]):
        latest = np.where(since_calls[:, mark] * hit >= _BAD_TO_TELL, mark, latest)
    latest = np.minimum(latest, start)
    share = since_bad[rows, latest] / np.maximum(since_calls[rows, latest], 1.0)
    return np.asarray((hit - usual >= effect) & (share - usual >= _STILL_ON_PART * (hit - usual)))
