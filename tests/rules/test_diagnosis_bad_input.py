"""Bad input makes diagnosis say less, never crash and never fall silent."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from situations import NOW, ONSET, belgium, evidence, judgement, signal
from tocsin.catalog.rules.model import Pack
from tocsin.changes.rules import ChangeEvent
from tocsin.detection.rules.model import State
from tocsin.diagnosis.rules.suspects import explain
from tocsin.observations.rules.model import BUCKET_S, DURATION_BINS, Notice, Rollups


def circular() -> Pack:
    pack = belgium()
    needs = {"access": ("sts",), "sts": ("access", "net_belnet"), "etk_depot": ("etk_depot",)}
    services = {name: replace(each, needs=needs.get(name, each.needs)) for name, each in pack.services.items()}
    return replace(pack, services=services)


def test_a_graph_with_a_circle_still_names_suspects() -> None:
    (found, *_) = explain(
        judgement([signal("sts"), signal("access", observed=0.4)]),
        evidence=evidence(),
        changes=(),
        pack=circular(),
        now=NOW,
    )
    assert found.suspects[0].id in {"sts", "access"}


def test_a_need_that_nobody_described_is_passed_over() -> None:
    pack = belgium()
    services = {**pack.services, "sts": replace(pack.services["sts"], needs=("gone",), soft=("gone-too",))}
    (found,) = explain(
        judgement([signal("sts")]), evidence=evidence(), changes=(), pack=replace(pack, services=services), now=NOW
    )
    assert found.suspects[0].id == "sts"


def test_a_signal_on_a_service_that_nobody_described_leaves_the_functions_to_speak() -> None:
    said = judgement([signal("renamed")], failing={"exchange_messages": State.DOWN})
    (found,) = explain(said, evidence=evidence(), changes=(), pack=belgium(), now=NOW)
    assert found.services == ()
    assert found.suspects


def test_a_fingerprint_that_never_existed_is_no_clue_to_anything_else() -> None:
    odd = ChangeEvent(ONSET, "fingerprint", None, ("renamed",), "", "never", "never", "existed")
    (found,) = explain(judgement([signal("sts")]), evidence=evidence(), changes=[odd], pack=belgium(), now=NOW)
    assert found.suspects[0].id == "sts"
    assert found.suspects[0].change is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_signal_without_a_number_is_left_out(bad: float) -> None:
    said = judgement([signal("sts"), signal("ehbox", observed=bad), signal("access", strength=bad)])
    found = explain(said, evidence=evidence(), changes=(), pack=belgium(), now=NOW)
    assert found[0].suspects[0].id == "sts"
    assert all(np.isfinite(each.score) for explanation in found for each in explanation.suspects)


def test_a_notice_of_a_partner_that_nobody_knows_says_nothing() -> None:
    seen = evidence(notices=[Notice(NOW, "stranger", ("renamed",), "down", "", None)])
    (found,) = explain(judgement([signal("sts")]), evidence=seen, changes=(), pack=belgium(), now=NOW)
    assert found.suspects[0].id == "sts"


def test_a_hundred_thousand_slices_are_summed_not_listed() -> None:
    slices, buckets = 100_000, 6
    rng = np.random.default_rng(1)
    rows = slices * buckets
    services = tuple(belgium().services)
    outcomes = np.zeros((rows, 4), np.int64)
    outcomes[:, 0] = 3
    start = int((NOW - timedelta(minutes=1)).timestamp())
    rollups = Rollups(
        bucket_s=np.repeat(start + np.arange(buckets) * BUCKET_S, slices),
        vantage=rng.integers(0, 2, rows).astype(np.int16),
        service=rng.integers(0, len(services), rows).astype(np.int16),
        package=rng.integers(0, 300, rows).astype(np.int16),
        region=rng.integers(0, 11, rows).astype(np.int16),
        outcomes=outcomes,
        durations=np.broadcast_to(np.zeros(DURATION_BINS, np.int32), (rows, DURATION_BINS)),
        services=services,
        packages=tuple(f"p{number}" for number in range(300)),
        regions=tuple(f"r{number}" for number in range(11)),
    )
    seen = replace(evidence(), rollups=rollups)
    (found,) = explain(judgement([signal("sts")]), evidence=seen, changes=(), pack=belgium(), now=NOW)
    assert found.suspects[0].id == "sts"


def test_no_rollups_at_all_leave_what_signals_say() -> None:
    nothing = evidence(services=[])
    (found,) = explain(judgement([signal("sts")]), evidence=nothing, changes=(), pack=belgium(), now=NOW)
    assert found.suspects[0].id == "sts"
    assert found.courses == ()
