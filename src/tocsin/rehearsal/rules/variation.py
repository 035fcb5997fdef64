"""The same scenario on another day: a seed moves level, moment and depth, so that nobody learns a case by heart."""

from dataclasses import replace

import numpy as np

from tocsin.rehearsal.rules.faults import Fault
from tocsin.rehearsal.rules.plan import Plan

LATER_S = 240.0
LEVEL = 0.06
DEPTH = 0.1


def varied(plan: Plan) -> Plan:
    """Return the plan with everything moved a little, by its own seed; what belongs together moves together."""
    rng = np.random.default_rng([plan.seed, 99])
    later_s = float(np.round(rng.uniform(0.0, LATER_S)))
    return replace(
        plan,
        level=plan.level * float(np.exp(rng.normal(0.0, LEVEL))),
        faults=tuple(_moved(fault, later_s, 1.0 + float(rng.uniform(-DEPTH, DEPTH))) for fault in plan.faults),
        swings=tuple(replace(each, start_s=each.start_s + later_s) for each in plan.swings),
        floods=tuple(replace(each, at_s=each.at_s + later_s) for each in plan.floods),
        interventions=tuple(
            replace(each, start_s=each.start_s + later_s, end_s=None if each.end_s is None else each.end_s + later_s)
            for each in plan.interventions
        ),
    )


def _moved(fault: Fault, later_s: float, deeper: float) -> Fault:
    return replace(
        fault,
        start_s=fault.start_s + later_s,
        end_s=fault.end_s + later_s,
        depth=fault.depth if fault.depth == 1.0 else min(fault.depth * deeper, 0.98),
    )
