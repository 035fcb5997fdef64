"""The figures of the fault suite from its scores: medians, shares and counts, with bootstrap intervals; beliefs."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from bench.fault_runs import Run
from bench.fault_scores import Alarms, Score
from bench.fault_truth import Truth

DRAWS = 2_000
NEVER = "never"
SEED = 20_240_101
UNSURE_BEFORE, UNSURE_AFTER = timedelta(seconds=90), timedelta(minutes=6)
"""Around the ends of an outage no belief is right or wrong: it sets in, and what failed shortly before still counts."""
BANDS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its 95 % interval over resampled scenarios, and the target, in words."""

    name: str
    value: float | str | None
    low: float | str | None
    high: float | str | None
    target: str
    number: int


type Rows = Sequence[Score]
type Statistic = Callable[[Rows], float | None]


def figures(scores: Rows, alarms: Sequence[Alarms]) -> list[Figure]:
    """Return all figures of one mode."""
    ten = [score for score in scores if score.share == "≥ 10 %"]
    one = [score for score in scores if score.share == "1–10 %"]
    hours = sum(each.hours for each in alarms)
    found = [
        _figure("time to detect, ≥ 10 % hit: median (s)", ten, _quantile(0.5), "≤ 60"),
        _figure("time to detect, ≥ 10 % hit: 95th percentile (s)", ten, _quantile(0.95), "≤ 180"),
        _figure("… counted from the fault's very start, ramps too: median (s)", ten, _strict(0.5), ""),
        _figure("time to detect, 1–10 % hit: median (s)", one, _quantile(0.5), "≤ 600"),
        _figure("time to detect, 1–10 % hit: worst (s)", one, _quantile(1.0), "≤ 600"),
        _figure("detected, ≥ 10 % hit", ten, _share(lambda score: score.opened_s is not None), ""),
        _figure("detected, 1–10 % hit", one, _share(lambda score: score.opened_s is not None), ""),
        _figure("first public word, ≥ 10 % hit: median (s)", ten, _median_of(lambda score: score.told_s), ""),
        _figure("page wrongly “no problem”, ≥ 10 % hit: worst (min)", ten, _greatest, "≤ 3"),
        _figure("page wrongly “no problem”: mean (min)", ten, _mean_of(lambda score: score.wrongly_green_min), ""),
        _figure("cleared before the true end (count)", scores, _count(lambda score: score.is_cleared_early), "0"),
        _figure("cleared within 15 minutes after it", scores, _share(_is_cleared_in_time), "≥ 0.95"),
        _figure("true cause first at opening", scores, _share(lambda score: score.rank_at_opening == 1), ""),
        _figure("true cause first at the end", scores, _share(lambda score: score.rank_at_end == 1), "≥ 0.90"),
        _figure("true cause among three at the end", scores, _share(_is_among_three), "≥ 0.98"),
        _figure(
            "slice F1 (function × package × region), mean", scores, _mean_of(lambda score: score.slice_f1), "≥ 0.9"
        ),
        _figure("incidents per detected fault, mean", scores, _incidents, "1"),
    ]
    dimensions = ("functions", "audiences", "packages", "regions")
    found += [_figure(f"F1 of {name}, mean", scores, _mean_of(_dimension(name)), "") for name in dimensions]
    quiet = [each for each in alarms if each.is_quiet]
    found += [
        _plain("false incidents", sum(each.false_incidents for each in alarms), "", len(alarms)),
        _plain("… in quiet scenarios", sum(each.false_incidents for each in quiet), "0", len(quiet)),
        _plain("false public bulletins' incidents", sum(each.false_public for each in alarms), "0", len(alarms)),
        _plain("simulated hours", round(hours, 1), "", len(alarms)),
        _plain("broken eyes not noticed within 10 min", sum(each.eyes_missed for each in alarms), "0", len(alarms)),
    ]
    return found


def _plain(name: str, value: float, target: str, number: int) -> Figure:
    return Figure(name, value, None, None, target, number)


def _figure(name: str, scores: Rows, statistic: Statistic, target: str) -> Figure:
    low, high = interval(scores, statistic)
    return Figure(name, _rounded(statistic(scores)), low, high, target, len(scores))


def interval(scores: Rows, statistic: Statistic) -> tuple[float | str | None, float | str | None]:
    """Return the 95 % bootstrap interval, drawing whole scenarios."""
    names = list(dict.fromkeys(score.scenario for score in scores))
    if len(names) < 2:  # noqa: PLR2004  # one scenario has no spread
        return None, None
    groups = {name: [score for score in scores if score.scenario == name] for name in names}
    rng = np.random.default_rng(SEED)
    drawn = [
        statistic([score for number in rng.integers(len(names), size=len(names)) for score in groups[names[number]]])
        for _ in range(DRAWS)
    ]
    known = [value for value in drawn if value is not None]
    return _rounded(_nth(known, 0.025)), _rounded(_nth(known, 0.975))


def _rounded(value: float | None) -> float | str | None:
    if value is not None and math.isinf(value):
        return NEVER
    return None if value is None else round(value, 3) if abs(value) < 10 else round(value, 1)  # noqa: PLR2004  # digits worth showing


def _quantile(share: float) -> Statistic:
    """Return the statistic in which an outage that was never found counts as found after infinitely long."""
    return lambda scores: _nth([_or_never(score.opened_since_reached_s) for score in scores], share)


def _strict(share: float) -> Statistic:
    return lambda scores: _nth([_or_never(score.opened_s) for score in scores], share)


def _or_never(value: float | None) -> float:
    return math.inf if value is None else value


def _nth(values: Sequence[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(math.ceil(share * len(ordered)) - 1, len(ordered) - 1)] if ordered else None


def _share(is_so: Callable[[Score], bool]) -> Statistic:
    return lambda scores: sum(map(is_so, scores)) / len(scores) if scores else None


def _count(is_so: Callable[[Score], bool]) -> Statistic:
    return lambda scores: float(sum(map(is_so, scores)))


def _mean_of(value: Callable[[Score], float | None]) -> Statistic:
    def mean(scores: Rows) -> float | None:
        known = [found for score in scores if (found := value(score)) is not None]
        return statistics.fmean(known) if known else None

    return mean


def _median_of(value: Callable[[Score], float | None]) -> Statistic:
    return lambda scores: _nth([_or_never(value(score)) for score in scores], 0.5)


def _dimension(name: str) -> Callable[[Score], float | None]:
    return lambda score: score.f1_by_dimension.get(name)


def _greatest(scores: Rows) -> float | None:
    return max((score.wrongly_green_min for score in scores if score.wrongly_green_min is not None), default=None)


def _incidents(scores: Rows) -> float | None:
    known = [score.incidents for score in scores if score.opened_s is not None]
    return statistics.fmean(known) if known else None


def _is_cleared_in_time(score: Score) -> bool:
    return score.closed_s is not None and 0 <= score.closed_s <= 900  # noqa: PLR2004  # fifteen minutes


def _is_among_three(score: Score) -> bool:
    return score.rank_at_end is not None and score.rank_at_end <= 3  # noqa: PLR2004  # among three


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well beliefs fit: the Brier score, that of always saying the base rate, and per band (claimed, true, n)."""

    brier: float | None
    base_rate: float | None
    brier_of_base_rate: float | None
    bands: tuple[tuple[float, float, int], ...]


def calibration(runs: Sequence[tuple[Run, Sequence[Truth]]]) -> Calibration:
    """Compare the beliefs of all runs with the truth."""
    pairs = [pair for run, truths in runs for pair in _beliefs(run, truths)]
    if not pairs:
        return Calibration(None, None, None, ())
    claimed, true = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    base = float(true.mean())
    band = np.minimum((claimed * BANDS).astype(np.int64), BANDS - 1)
    bands = tuple(
        (float(claimed[band == each].mean()), float(true[band == each].mean()), int((band == each).sum()))
        for each in range(BANDS)
        if (band == each).any()
    )
    return Calibration(float(((claimed - true) ** 2).mean()), base, base * (1.0 - base), bands)


def _beliefs(run: Run, truths: Sequence[Truth]) -> list[tuple[float, float]]:
    real = [truth for truth in truths if not truth.is_eye]
    found = []
    for at, function, audience, belief in run.beliefs:
        hit = [truth for truth in real if function in truth.functions and audience in truth.audiences]
        if any(_is_unsure(at, truth) for truth in hit):
            continue
        found.append((belief, float(any(truth.start <= at < truth.end for truth in hit))))
    return found


def _is_unsure(at: datetime, truth: Truth) -> bool:
    begins = truth.reached_at + UNSURE_BEFORE
    return truth.start <= at < begins or truth.end <= at < truth.end + UNSURE_AFTER
