"""What the sender sends besides everyday traffic, in words for the terminal.

Free text is left out: reports may name people, and the words of partners are theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tocsin.kernel.clock import in_brussels, parse_moment

TELLING_CHANGES = {"planned", "started", "finished", "restarted"}


def seen(path: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each report, notice and intervention; probe results and fingerprints pass in silence."""
    for row in rows:
        at = f"{in_brussels(parse_moment(row['time'])):%H:%M:%S}"
        if path == "reports":
            verdict = "works" if row["works"] else "does not work"
            yield f"{at}  panel   a {row['audience']} ({row['package']}, {row['region']}): {row['function']} {verdict}"
        elif path == "notices":
            yield f"{at}  partner {row['partner']} says of {', '.join(row['services'])}: {row['state']}"
        elif path == "changes" and row["kind"] in TELLING_CHANGES:
            named = f" ({row['change']})" if row["change"] else ""
            yield f"{at}  change  {row['kind']}{named} on {', '.join(row['services'])}"
