"""Cutting and joining batches of transactions, column by column."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin.observations.rules.model import Transactions
from tocsin.observations.rules.rollup import merged, recoded

type Index = slice | NDArray[np.intp] | NDArray[np.bool_]


def select(transactions: Transactions, index: Index) -> Transactions:
    """Return the chosen rows with the same vocabularies (views when the index is a slice)."""
    return Transactions(
        time_us=transactions.time_us[index],
        vantage=transactions.vantage[index],
        service=transactions.service[index],
        package=transactions.package[index],
        region=transactions.region[index],
        outcome=transactions.outcome[index],
        duration_ms=transactions.duration_ms[index],
        count=transactions.count[index],
        services=transactions.services,
        packages=transactions.packages,
        regions=transactions.regions,
        vantages=transactions.vantages,
    )


def join(parts: Sequence[Transactions]) -> Transactions:
    """Return the parts (at least one) as one batch under one vocabulary, sorted by time."""
    if len(parts) == 1:
        return parts[0]
    vantages = merged([part.vantages for part in parts])
    services = merged([part.services for part in parts])
    packages = merged([part.packages for part in parts])
    regions = merged([part.regions for part in parts])
    joined = Transactions(
        time_us=np.concatenate([part.time_us for part in parts]),
        vantage=np.concatenate([recoded(part.vantage, part.vantages, vantages) for part in parts]),
        service=np.concatenate([recoded(part.service, part.services, services) for part in parts]),
        package=np.concatenate([recoded(part.package, part.packages, packages) for part in parts]),
        region=np.concatenate([recoded(part.region, part.regions, regions) for part in parts]),
        outcome=np.concatenate([part.outcome for part in parts]),
        duration_ms=np.concatenate([part.duration_ms for part in parts]),
        count=np.concatenate([part.count for part in parts]),
        services=services,
        packages=packages,
        regions=regions,
        vantages=vantages,
    )
    return select(joined, np.argsort(joined.time_us, kind="stable"))
