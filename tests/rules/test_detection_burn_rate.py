"""The error budget: sums that anybody can add up again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tocsin.catalog.rules.model import Function
from tocsin.detection.rules.burn_rate import OBJECTIVE, PAIRS, Sums, budget, budgets, sums
from tocsin.kernel.language import LocalizedText
from tocsin.observations.rules.model import DURATION_BINS, Rollups

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEP_S = 300


def _sums(failed_share: float, *, minutes: int, before: float = 0.0, days: int = 30) -> Sums:
    """Return a month of a thousand calls per five minutes, of which the last minutes fail more."""
    began_s = np.arange(int((NOW - timedelta(days=days)).timestamp()), int(NOW.timestamp()), STEP_S)
    is_late = began_s >= NOW.timestamp() - 60 * minutes
    failed = np.where(is_late, round(1000 * failed_share), round(1000 * before))
    return Sums(began_s, np.full(began_s.size, 1000), failed)


def _burning(given: Sums) -> list[bool]:
    return [burn.is_burning for burn in budget(given, "sts", objective=OBJECTIVE, now=NOW).burns]


def test_a_quiet_month_spends_nothing() -> None:
    found = budget(_sums(0.0, minutes=0), "sts", objective=OBJECTIVE, now=NOW)
    assert found.spent_share == 0.0
    assert found.allowed == pytest.approx(28 * 288 * 1000 * 0.001)
    assert not any(burn.is_burning for burn in found.burns)


def test_an_hour_of_total_failure_spends_more_than_the_month_allows() -> None:
    found = budget(_sums(1.0, minutes=60), "sts", objective=OBJECTIVE, now=NOW)
    assert found.spent_share == pytest.approx(12_000 / 8_064)


@pytest.mark.parametrize(
    ("share", "minutes", "expected"),
    [
        pytest.param(0.20, 10, [True, False, False], id="a fifth for ten minutes burns the fast pair"),
        pytest.param(0.006, 360, [False, True, False], id="six in a thousand for six hours burns the middle pair"),
        pytest.param(0.001, 4320, [False, False, True], id="the whole allowance for three days burns the slow pair"),
        pytest.param(0.001, 60, [False, False, False], id="the whole allowance for an hour burns nothing"),
    ],
)
def test_each_pair_sees_its_own_pace(share: float, minutes: int, expected: list[bool]) -> None:
    assert _burning(_sums(share, minutes=minutes)) == expected


def test_what_is_over_burns_no_longer() -> None:
    given = _sums(1.0, minutes=30)
    later = budget(given, "sts", objective=OBJECTIVE, now=NOW + timedelta(minutes=10))
    assert not later.burns[0].is_burning
    assert later.burns[0].short is None


def test_the_pairs_are_those_of_the_workbook() -> None:
    spent = [pair.limit * pair.long / timedelta(days=30) for pair in PAIRS]
    assert spent == pytest.approx([0.02, 0.05, 0.10])


def _rollups(rows: list[tuple[str, str, list[int]]]) -> Rollups:
    services = tuple(dict.fromkeys(service for _, service, _ in rows))
    size = len(rows)
    start = int((NOW - timedelta(minutes=5)).timestamp())
    return Rollups(
        bucket_s=np.full(size, start, np.int64),
        vantage=np.array([("front", "client").index(vantage) for vantage, _, _ in rows], np.int16),
        service=np.array([services.index(service) for _, service, _ in rows], np.int16),
        package=np.zeros(size, np.int16),
        region=np.zeros(size, np.int16),
        outcomes=np.array([outcomes for _, _, outcomes in rows], np.int64),
        durations=np.zeros((size, DURATION_BINS), np.int32),
        services=services,
        packages=("*",),
        regions=("*",),
    )


def _function(identity: str, *uses: str) -> Function:
    words: LocalizedText = {"en": identity}
    return Function(identity, words, words, words, words, audiences=("doctor",), uses=uses)


HISTORY = _rollups(
    [
        ("front", "sts", [90, 8, 1, 1]),
        ("front", "sts", [100, 0, 0, 0]),
        ("front", "vault", [90, 0, 5, 5]),
        ("client", "sts", [0, 0, 50, 50]),
    ]
)


def test_errors_and_timeouts_at_the_front_fail_and_refusals_do_not() -> None:
    found = sums(HISTORY, "sts")
    assert (found.calls.tolist(), found.failed.tolist()) == ([200], [2])


def test_a_service_that_nobody_called_has_no_account() -> None:
    assert budgets(HISTORY, [_function("tarify", "tarifs")], now=NOW) == {}
    empty = budget(sums(HISTORY, "tarifs"), "tarifs", objective=OBJECTIVE, now=NOW)
    assert (empty.spent_share, empty.burns[0].long) == (0.0, None)


def test_a_function_stands_as_its_worst_service_does() -> None:
    found = budgets(HISTORY, [_function("prescribe", "sts", "vault")], now=NOW)
    assert found["prescribe"].service == "vault"
    assert found["prescribe"].spent_share == pytest.approx(100.0)


def test_an_agreed_objective_counts_for_its_function_only() -> None:
    functions = [_function("prescribe", "vault"), _function("bill", "vault")]
    found = budgets(HISTORY, functions, now=NOW, objectives={"bill": 0.9})
    assert found["bill"].spent_share == pytest.approx(1.0)
    assert found["prescribe"].spent_share == pytest.approx(100.0)
