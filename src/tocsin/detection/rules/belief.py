"""How believable each state of a subject is: one posterior from all eyes.

Odds start from how rarely a function fails and are multiplied, eye by eye, by a likelihood ratio. An eye's evidence is
an e-value, `exp(strength)`; but an eye can be wrong as a whole (an exporter that breaks, a checker that stands on the
wrong side of a firewall), so its ratio never exceeds `1 / doubt`: the mixture `1 / (doubt + (1 - doubt) * exp(-s))`.
That is why one eye alone stays below nine in ten, and two that agree are nearly sure. An eye that looks at the very
services and sees nothing wrong counts a little against.

The constants were set on generated faults with tuning seeds; `bench/faults.py` shows the reliability diagram and the
Brier score on others.
"""

import math
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet

from tocsin.detection.rules.model import Posterior
from tocsin.observations.rules.model import VANTAGES, Eye

PRIOR_LOG_ODDS = -7.0
"""A function fails its users about one tick in a thousand: nine hours a year."""

DOUBT: Mapping[Eye, float] = {
    Eye.FRONT: 1.5e-4,
    Eye.CLIENT: 1.5e-4,
    Eye.PROBES: 2e-3,
    Eye.PANEL: 1.5e-4,
    Eye.PARTNER: 5e-2,
}
"""How likely, while all is well, an eye shows trouble with any strength: checks stand where no user stands, partners
speak of what they do not see."""

OVERLOOKED = 0.6
"""How likely an eye that looks at the same services sees nothing although something is wrong."""

UNSEEN = 0.2
"""How much of the belief in "works" each eye that looks leaves unknown: one a fifth, two a twenty-fifth."""

SUREST = 0.999
"""No belief is certainty: eyes that agree may still share what misleads them."""

SOFTNESS = 0.08
"""How far from the limit between degraded and down a failing share leaves doubt, as the scale of a logistic curve."""


def posterior(
    strengths: Mapping[Eye, float], *, looking: AbstractSet[Eye], failing_share: float, down_from: float
) -> Posterior:
    """Return the belief in each state.

    `strengths` is each eye's evidence of trouble (natural log of an e-value, ≥ 0); `looking` the eyes that looked at
    the subject's services and see; `failing_share` the worst share of calls that fail, and `down_from` from where
    on that is called down.
    """
    if not looking and not strengths:
        return Posterior(0.0, 0.0, 0.0, 1.0)
    bad = _bad(strengths, silent=[eye for eye in VANTAGES if eye in looking and not strengths.get(eye)])
    unknown = (1.0 - bad) * UNSEEN ** len(looking | set(strengths))
    down = bad / (1.0 + math.exp(-(failing_share - down_from) / SOFTNESS))
    return Posterior(
        ok=round(1.0 - bad - unknown, 6), degraded=round(bad - down, 6), down=round(down, 6), unknown=round(unknown, 6)
    )


def _bad(strengths: Mapping[Eye, float], *, silent: Collection[Eye]) -> float:
    evidence = sum(log_ratio(eye, strength) for eye, strength in strengths.items())
    # What is not seen makes what is seen less believable, never less than if nobody had said anything.
    log_odds = PRIOR_LOG_ODDS + max(0.0, evidence + math.log(OVERLOOKED) * len(silent))
    return min(SUREST, 1.0 / (1.0 + math.exp(-min(log_odds, 700.0))))


def log_ratio(eye: Eye, strength: float) -> float:
    """Return the natural log of how many times likelier an eye's evidence is when something is wrong."""
    doubt = DOUBT[eye]
    return -math.log(doubt + (1.0 - doubt) * math.exp(-max(strength, 0.0)))
