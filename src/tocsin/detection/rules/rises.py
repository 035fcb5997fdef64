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


def rises(bad: Numbers, calls: Numbers, *, usual: Numbers, spread: Numbers, effect: Numbers, least: Numbers) -> Rises:
    """Return where the share rose by at least the effect, with at least so much evidence, and is still up.

    `bad` and `calls` are [series, fine step] as in a tally, all else [series].
    """
    found = Rises(np.zeros(usual.size), np.zeros(usual.size, np.int64))
    since_bad, since_calls = np.cumsum(bad, axis=-1), np.cumsum(calls, axis=-1)
    where = np.flatnonzero(_is_doubtful(since_bad, since_calls, usual))
    if where.size:
        ratios = evidence_since(bad[where], calls[where], share=usual[where], spread=spread[where], together=_TOGETHER)
        start = _start(since_bad[where], since_calls[where], usual[where])
        sure = total_evidence(ratios)
        is_on = _is_on(since_bad[where], since_calls[where], start, usual=usual[where], effect=effect[where])
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


def _start(since_bad: Numbers, since_calls: Numbers, usual: Numbers) -> NDArray[np.intp]:
    """Return the step with which the rise began: from it on calls are likeliest bad at half the present height or more.

    The size that has most evidence would do for that, were it not that two bad calls minutes before lengthen a rise
    that has just begun.
    """
    shares = since_bad[:, _NOW[:2]] / np.maximum(since_calls[:, _NOW[:2]], _ENOUGH_CALLS)
    height = np.maximum(shares.max(axis=1), since_bad[:, -1] / np.maximum(since_calls[:, -1], 1.0))
    return np.asarray(likeness(since_bad, since_calls, usual=usual[:, None], hit=height[:, None]).argmax(axis=-1))


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
