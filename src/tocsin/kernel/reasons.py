"""A reason: why a rule decided what it decided.

A decision is never bare: rules return `Reason`s, the timeline stores them, screens put them into words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

type Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a stable dotted `code` (listed in `docs/reference/reasons.md`) and the facts it rests on.

    `facts` hold plain values whose keys carry their unit (`observed_share`, `latency_ms`); the words are made
    where the reason is shown, in the reader's language.
    """

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the reason as it is stored and sent: `{"code": …, "facts": {…}}`."""
        return {"code": self.code, "facts": dict(self.facts)}

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> "Reason":
        """Read a stored reason back; raises `KeyError` when it has no code."""
        facts = stored.get("facts")
        return cls(code=str(stored["code"]), facts=dict(facts) if isinstance(facts, Mapping) else {})
