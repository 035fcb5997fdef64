"""What other eyes make of vanished volume.

Missing rows have two meanings: nobody gets through, or the eye lost part of its sight. The front's word counts
unless the client software sees the same service being called and answered as usual. The client's word counts only
where the front misses calls of that service too: one vendor that stops reporting must not look like an outage.
"""

from collections.abc import Sequence

from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import OK, TIMEOUT, Tally
from tocsin.detection.rules.volume import Flow
from tocsin.observations.rules.model import VANTAGES, Evidence, Eye

_WINDOW = 6
_ENOUGH_CALLS = 10.0
_WELL_ANSWERED = 0.9
_STILL_THERE = 0.7


def uncontradicted(
    found: Sequence[Found], *, counts: Tally, flows: Flow, profile: Profile, evidence: Evidence
) -> list[Found]:
    """Return the findings without the missing volume that another eye contradicts or does not bear out."""
    front_misses = {one.signal.service for one in found if one.signal.kind == "volume" and one.signal.eye is Eye.FRONT}
    kept: list[Found] = []
    for one in found:
        if one.signal.kind != "volume":
            kept.append(one)
        elif one.signal.eye is Eye.FRONT:
            if not _client_gets_through(one.signal.service, counts, flows, profile, evidence):
                kept.append(one)
        elif Eye.FRONT not in evidence.last_seen:
            kept.append(one)
        elif one.signal.service in front_misses:
            kept.append(one)
    return kept


def _client_gets_through(service: str, counts: Tally, flows: Flow, profile: Profile, evidence: Evidence) -> bool:
    """Say whether clients call the service about as often as usual, and are answered."""
    if Eye.CLIENT not in evidence.last_seen:
        return False
    client, place = VANTAGES.index(Eye.CLIENT), profile.services.index(service)
    outcomes = counts.totals[OK : TIMEOUT + 1, client, place, :_WINDOW].sum(axis=1)
    calls = float(outcomes.sum())
    if calls < _ENOUGH_CALLS or not profile.is_known[client, place]:
        return False
    is_there = float(flows.seen[client, place, _WINDOW - 1]) >= _STILL_THERE * float(
        flows.expected[client, place, _WINDOW - 1]
    )
    return is_there and float(outcomes[OK]) >= _WELL_ANSWERED * calls
