"""How much a probe's results speak for trouble: a filter over three states, with learned rates.

    well ─entry─▶ in part (fails as often as half its usual share in trouble) │ whole (nearly always)
         ◀─exit──

In each state a result has a likelihood. While all is well it depends on the result before: a probe that flaps or is
stuck has failed so before, and a further failure then says nothing. What is reported is the log Bayes factor: the
filter's odds of trouble against its odds without any result. Because trouble may end at each check, what lies back
fades by itself (forgetting), and no row of failures makes later successes go unheard.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.detection.rules.credence import ProbeRecord

_ENTRY, _EXIT = 1e-4, 0.1
"""Trouble begins once in a week of checks a minute, and lasts ten checks: long enough to be met twice."""
_IN_PART, _WHOLE = 0.5, 1.4
_MOST, _LEAST = 0.97, 1e-3
_PRIOR_ODDS = _ENTRY / _EXIT


@dataclass(frozen=True, slots=True)
class Course:
    """The log Bayes factor after the last result, and the place of the failure with which it began to speak."""

    strength: float
    began: int


def course(results: Sequence[bool], record: ProbeRecord) -> Course:
    """Follow results (true: good), oldest first, and say what they come to."""
    shares = [min(max(record.hit.mean * part, _LEAST), _MOST) for part in (_IN_PART, _WHOLE)]
    odds = [_PRIOR_ODDS / 2.0, _PRIOR_ODDS / 2.0]
    began, was_good, strength = 0, True, 0.0
    for place, is_good in enumerate(results):
        usual = min(max((record.calm if was_good else record.again).mean, _LEAST), 1.0 - _LEAST)
        if strength <= 0.0 and not is_good:
            began = place
        odds = [
            _moved(each, sum(odds)) * ((1.0 - share) / (1.0 - usual) if is_good else share / usual)
            for each, share in zip(odds, shares, strict=True)
        ]
        strength, was_good = math.log(sum(odds) / _PRIOR_ODDS), is_good
    return Course(strength, began)


def _moved(odds: float, all_odds: float) -> float:
    """Return a state's odds at the next check: some trouble ends, some begins, whatever went before."""
    return max((odds * (1.0 - _EXIT) + _ENTRY / 2.0) / (1.0 - _ENTRY + all_odds * _EXIT), _PRIOR_ODDS / 2.0)
