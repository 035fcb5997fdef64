"""Scores series with detectors of river; runs in an environment of its own (`bench/peers/requirements.txt`).

    python bench/peers/series.py SERIES.npz SCORES.npz

Each detector sees a point, scores it, then learns it. Settings are the libraries' own, one for all series.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from river import anomaly, time_series  # type: ignore[import-not-found]  # lives in an environment of its own

type Numbers = NDArray[np.float64]

PACE = 0.05
"""How fast the usual distance of a forecast fades."""


def half_space_trees(at_s: Numbers, values: Numbers) -> Numbers:
    """Score by half-space trees over the value and its change, both brought to 0-1 by what was seen so far."""
    model = anomaly.HalfSpaceTrees(seed=42)
    scores = np.zeros(at_s.size)
    low, high, before = np.full(2, np.inf), np.full(2, -np.inf), np.nan
    for index, value in enumerate(values):
        if not np.isfinite(value):
            continue
        point = np.array([value, 0.0 if np.isnan(before) else value - before])
        low, high, before = np.minimum(low, point), np.maximum(high, point), value
        scaled = dict(enumerate(((point - low) / np.where(high > low, high - low, 1.0)).tolist()))
        scores[index] = model.score_one(scaled)
        model.learn_one(scaled)
    return scores


def holt_winters(at_s: Numbers, values: Numbers) -> Numbers:
    """Score by the distance from a Holt-Winters forecast with a season of a day, in fading mean distances."""
    season = max(2, round(86_400 / float(np.median(np.diff(at_s)))))
    model = time_series.HoltWinters(alpha=0.3, beta=0.1, gamma=0.6, seasonality=season)
    scores = np.zeros(at_s.size)
    usual = 0.0
    for index, value in enumerate(values):
        if not np.isfinite(value):
            continue
        try:
            away = abs(value - model.forecast(horizon=1)[0])
        except (AttributeError, IndexError, TypeError):  # before its first season it cannot forecast
            model.learn_one(value)
            continue
        scores[index] = away / usual if usual > 0 else 0.0
        usual += PACE * (away - usual) if np.isfinite(away) else 0.0
        model.learn_one(value)
    return np.nan_to_num(scores, nan=0.0, posinf=0.0)


DETECTORS: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "river HalfSpaceTrees": half_space_trees,
    "river Holt-Winters": holt_winters,
}


def main() -> None:
    source, target = sys.argv[1:]
    found: dict[str, NDArray[np.float64]] = {}
    with np.load(source) as given:
        series = [(given[f"{index}.at_s"], given[f"{index}.values"]) for index in range(len(given.files) // 2)]
    for name, detector in DETECTORS.items():
        began_s = time.perf_counter()
        found |= {f"{name}|{index}": detector(at_s, values) for index, (at_s, values) in enumerate(series)}
        found[f"{name}|seconds"] = np.array(time.perf_counter() - began_s)
    np.savez(target, allow_pickle=False, **found)


if __name__ == "__main__":
    main()
