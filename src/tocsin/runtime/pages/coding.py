"""Which content codings a reader accepts, in the order to try them (RFC 9110, 12.5.3)."""

from collections.abc import Sequence

IDENTITY = "identity"


def accepted(header: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Return the offered codings that an `Accept-Encoding` header accepts, best first, with the plain form last.

    Codings that the reader likes equally stay in the order in which they are offered. The plain form is always there:
    a reader who refuses even that is better served with it than with nothing.
    """
    weights = _weights(header)
    anything = weights.get("*", 0.0)
    liked = [(weights.get(coding, anything), coding) for coding in offered]
    ranked = sorted((pair for pair in liked if pair[0] > 0), key=lambda pair: -pair[0])
    return (*(coding for _, coding in ranked), IDENTITY)


def _weights(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        coding, _, parameters = part.partition(";")
        if coding.strip():
            weights[coding.strip()] = _weight(parameters)
    return weights


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
