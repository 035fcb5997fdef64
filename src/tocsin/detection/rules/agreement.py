"""What other eyes make of vanished volume.

Missing rows have two meanings: nobody gets through, or the eye lost part of its sight. The front's word counts
unless the client software sees the same service being called and answered as usual. The client's word counts only
where the front misses calls of that service too: one vendor that stops reporting must not look like an outage.
"""

from collections.abc import Sequence

from tocsin.detection.rules.expected import Flow
from tocsin.detection.rules.findings import Found
from tocsin.detection.rules.model import Signal
from tocsin.detection.rules.profile import Profile
from tocsin.detection.rules.tallies import FINE_OF_STEP, OK, TIMEOUT, Tally
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
    through = _client_gets_through(counts, flows, profile) if Eye.CLIENT in evidence.last_seen else frozenset()
    kept: list[Found] = []
    for one in found:
        service, eye = one.signal.service, one.signal.eye
        if one.signal.kind != "volume":
            kept.append(one)
        elif eye is Eye.FRONT:
            is_slice = one.signal.packages is not None or one.signal.regions is not None
            is_seen = _slice_gets_through(one.signal, counts) if is_slice and through else service in through
            kept.extend([] if is_seen else [one])
        elif Eye.FRONT not in evidence.last_seen or service in front_misses:
            kept.append(one)
    return kept


def _client_gets_through(counts: Tally, flows: Flow, profile: Profile) -> frozenset[str]:
    """Return the services that clients call about as often as usual, and that answer them."""
    client, known = VANTAGES.index(Eye.CLIENT), len(profile.services)
    outcomes = counts.totals[OK : TIMEOUT + 1, client, :known, :_WINDOW].sum(axis=-1)
    calls = outcomes.sum(axis=0)
    seen, expected = (values[client, :, :_WINDOW].sum(axis=-1) for values in (flows.seen, flows.expected))
    is_there = seen >= _STILL_THERE * expected
    is_answered = (calls >= _ENOUGH_CALLS) & (outcomes[OK] >= _WELL_ANSWERED * calls)
    gets_through = is_there & is_answered & profile.is_known[client]
    return frozenset(name for name, is_so in zip(profile.services, gets_through, strict=True) if is_so)


def _slice_gets_through(signal: Signal, counts: Tally) -> bool:
    """Say whether clients of the package, or in the region, are answered whatever they call.

    Asked over all services: a slice falls silent as a whole, and some services have no clients of their own.
    """
    client = VANTAGES.index(Eye.CLIENT)
    if signal.packages is not None:
        member, planes = counts.names.packages.index(signal.packages[0]), counts.fine_by_package
    else:
        assert signal.regions is not None
        member, planes = counts.names.regions.index(signal.regions[0]), counts.fine_by_region
    outcomes = planes[OK : TIMEOUT + 1, client, :, member, : FINE_OF_STEP[_WINDOW]].sum(axis=(1, 2))
    calls = float(outcomes.sum())
    return calls >= _ENOUGH_CALLS and float(outcomes[OK]) >= _WELL_ANSWERED * calls
