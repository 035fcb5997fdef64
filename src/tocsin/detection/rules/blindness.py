"""Which eyes have stopped seeing. Silence is a finding about the eye, never by itself about what it looks at."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

import numpy as np

from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Judgement
from tocsin.detection.rules.profile import Profile
from tocsin.observations.rules.model import VANTAGES, Evidence, Eye

_SILENCE = timedelta(seconds=100)
"""No eye is called blind sooner: telemetry is late now and then, by a minute and a half at most."""
_CLOSING = timedelta(minutes=3)
"""An onset of missing calls this near to where an eye went blind is where it began to close."""
_MISSED_CALLS = 30.0
"""How many calls an eye must have missed before its silence means anything."""
_MISSED_CHECKS = 3.0
_DEFAULT_CADENCE = timedelta(minutes=1)
_LONG_SILENCE = timedelta(minutes=30)


def blind_eyes(
    evidence: Evidence, *, profile: Profile, previous: Judgement | None, now: datetime
) -> Mapping[Eye, datetime]:
    """Return, for each eye in use that stopped seeing, since when.

    The panel and the partners speak when they have something to say: their silence is not blindness.
    """
    blind: dict[Eye, datetime] = {}
    for eye in (*VANTAGES, Eye.PROBES):
        last = evidence.last_seen.get(eye)
        if last is None or now - last < _SILENCE:
            continue
        patience = _probe_patience(evidence) if eye is Eye.PROBES else None
        was_blind = previous is not None and eye in previous.blind
        is_overdue = now - last >= patience if patience is not None else _missed(eye, last, profile, evidence)
        if was_blind or is_overdue:
            blind[eye] = previous.blind[eye] if previous is not None and was_blind else last
    return blind


def seen_by_open_eyes(found: Sequence[Found], blind: Mapping[Eye, datetime]) -> list[Found]:
    """Return the findings without calls that an eye misses only since it stopped seeing, or shortly before.

    Who closes his eyes sees everything vanish. What was missed clearly before that goes on to count.
    """
    return [
        one
        for one in found
        if one.signal.kind != "volume"
        or one.signal.eye not in blind
        or one.signal.since < blind[one.signal.eye] - _CLOSING
    ]


def _probe_patience(evidence: Evidence) -> timedelta:
    """Return how long probes may be silent: some rounds at the pace of the busiest minute seen."""
    moments = [result.at for result in evidence.probes]
    gaps_s = [(after - before).total_seconds() for before, after in pairwise(moments) if after > before]
    cadence = timedelta(seconds=median(gaps_s)) if gaps_s else _DEFAULT_CADENCE
    return max(_SILENCE, _DEFAULT_CADENCE * _MISSED_CHECKS, cadence * _MISSED_CHECKS)


def _missed(eye: Eye, last: datetime, profile: Profile, evidence: Evidence) -> bool:
    """Say whether the vantage should have seen a good number of calls since it was last heard of."""
    now = evidence.now
    vantage = VANTAGES.index(eye)
    if now - last >= _LONG_SILENCE and not profile.is_known[vantage].any():
        return True
    silent_s = (now - last).total_seconds()
    middle = last + (now - last) / 2
    expected = float(profile.rates_over([middle])[vantage].sum()) * silent_s
    rollups = evidence.rollups
    code = rollups.vantages.index(eye.value) if eye.value in rollups.vantages else -1
    mine = rollups.vantage == code
    if not mine.any():
        return expected >= _MISSED_CALLS
    span_s = max(60.0, last.timestamp() - float(rollups.bucket_s[np.argmax(mine)]))
    seen_rate = float(rollups.outcomes[mine].sum()) / span_s
    return max(expected, seen_rate * silent_s) >= _MISSED_CALLS
