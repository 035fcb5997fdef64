"""What the sender sends besides everyday traffic, in words for the terminal.

Free text is left out: reports may name people, and the words of partners are theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tocsin.catalog.rules.model import Pack
from tocsin.kernel.clock import in_brussels, parse_moment

TELLING_CHANGES = {"planned", "started", "finished", "restarted"}


def seen(path: str, rows: Sequence[Mapping[str, Any]], *, pack: Pack) -> Iterator[str]:
    """Yield a line for each report, notice and intervention; probe results and fingerprints pass in silence."""
    for row in rows:
        at = f"{in_brussels(parse_moment(row['time'])):%H:%M:%S}"
        if path == "reports":
            yield f"{at}  panel   {_report(row, pack)}"
        elif path == "notices":
            partner = pack.partners[row["partner"]].name if row["partner"] in pack.partners else row["partner"]
            yield f"{at}  partner {partner} says of {_services(row, pack)}: {row['state']}"
        elif path == "changes" and row["kind"] in TELLING_CHANGES:
            named = f", {row['change']}" if row["change"] else ""
            yield f"{at}  change  {_services(row, pack)}: {row['kind']}{named}"


def _report(row: Mapping[str, Any], pack: Pack) -> str:
    audience, function, region = (
        getattr(pack, kind).get(row[name])
        for kind, name in (("audiences", "audience"), ("functions", "function"), ("regions", "region"))
    )
    who = audience.name["en"] if audience else row["audience"]
    what = function.name["en"] if function else row["function"]
    where = region.name["en"] if region else row["region"]
    return f"{who} in {where}, with {row['package']}: {what} {'works' if row['works'] else 'does not work'}"


def _services(row: Mapping[str, Any], pack: Pack) -> str:
    return ", ".join(pack.services[each].name if each in pack.services else each for each in row["services"])
