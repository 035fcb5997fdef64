"""Rises of a share: what is over is over, whoever asks, and what returns is seen anew."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tocsin.detection.rules.rises import Rises, rises
from tocsin.detection.rules.tallies import FINE_EDGES, FINE_STEPS, FINE_WIDTHS

type Numbers = NDArray[np.float64]

USUAL = 0.001
CALLS_A_BUCKET = 16.0
BUCKETS_OF_A_MINUTE = 6


def course(*spans: tuple[float, float, float]) -> Numbers:
    """Bad calls per fine step; each span is from and to so many minutes ago, and the share that fails."""
    starts, ends = np.array(FINE_EDGES[:-1]), np.array(FINE_EDGES[1:])
    bad = np.full(FINE_STEPS, 0.0)
    for older, newer, share in spans:
        inside = (starts >= newer * BUCKETS_OF_A_MINUTE) & (ends <= older * BUCKETS_OF_A_MINUTE)
        bad += np.where(inside, np.round(share * CALLS_A_BUCKET * FINE_WIDTHS), 0.0)
    return bad


def risen(bad: Numbers, *, calls: Numbers, whole: NDArray[np.intp] | None = None) -> Rises:
    number = bad.shape[0]
    return rises(
        bad,
        calls,
        usual=np.full(number, USUAL),
        spread=np.full(number, 1e-4),
        effect=np.full(number, 0.003),
        least=np.full(number, 16.0),
        whole=whole,
    )


def everybody() -> Numbers:
    return FINE_WIDTHS * CALLS_A_BUCKET


@pytest.mark.parametrize("minutes", [3, 4, 5, 6, 7, 8])
def test_a_few_bad_calls_after_the_end_do_not_inherit_the_evidence_of_an_outage(minutes: int) -> None:
    bad = course((10, minutes, 0.3))
    bad[[1, 4]] += 1.0
    assert risen(bad[None], calls=everybody()[None]).evidence[0] == 0.0


def test_what_goes_on_is_seen_from_its_beginning() -> None:
    found = risen(course((8, 0, 0.05))[None], calls=everybody()[None])
    assert found.evidence[0] > 16.0
    assert 7 * BUCKETS_OF_A_MINUTE <= found.onset[0] <= 9 * BUCKETS_OF_A_MINUTE


def test_an_outage_that_gets_milder_goes_on() -> None:
    found = risen(course((10, 4, 0.6), (4, 0, 0.3))[None], calls=everybody()[None])
    assert found.evidence[0] > 0


def test_what_returns_is_seen_by_its_own_evidence_since_its_own_beginning() -> None:
    found = risen(course((10, 5, 0.5), (1, 0, 0.5))[None], calls=everybody()[None])
    assert found.evidence[0] > 0
    assert found.onset[0] == BUCKETS_OF_A_MINUTE


def test_what_is_over_for_all_is_over_for_a_slice_that_calls_too_seldom_to_tell() -> None:
    few = np.where(np.array(FINE_EDGES[:-1]) < 4 * BUCKETS_OF_A_MINUTE, 0.2, 2.0) * FINE_WIDTHS
    bad = np.stack([course((10, 4, 0.3)), np.where(few > 1.0, few * 0.3, 0.0)])
    bad[:, 1] += 1.0
    calls = np.stack([everybody(), few])
    alone = risen(bad[1:], calls=calls[1:])
    beside = risen(bad, calls=calls, whole=np.zeros(2, np.intp))
    assert alone.evidence[0] > 0
    assert beside.evidence[1] == 0.0


def test_a_slice_that_fails_while_all_others_are_well_is_told_of() -> None:
    few = 2.0 * FINE_WIDTHS
    bad = np.stack([few * 0.5, few * 0.5])
    found = risen(bad, calls=np.stack([everybody() * 20.0, few]), whole=np.zeros(2, np.intp))
    assert found.evidence[1] > 0
