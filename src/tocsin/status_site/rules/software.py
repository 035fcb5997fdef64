"""Readers' own software and province: what holds there, and what is known of the software's readiness."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from tocsin.detection.rules.model import State
from tocsin.kernel.language import Language
from tocsin.status_site.rules.facts import Facts, Proof
from tocsin.status_site.rules.reader import Link, Reader

PROOFS: tuple[Proof, ...] = ("failed", "proven", "declared", "unknown")
"""In the order in which they are shown: what is wanting first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A trouble that may hit the users of some software or a province."""

    incident: str
    state: State
    headline: str


@dataclass(frozen=True, slots=True)
class Place:
    """A package or region and the troubles that may hit it: those of it, and those that nothing limits."""

    id: str
    name: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Mine:
    """What a reader with certain software, or in a certain province, should know.

    `is_limited` says whether anything on the page holds for some software or provinces only.
    """

    packages: tuple[Place, ...]
    regions: tuple[Place, ...]
    is_limited: bool


@dataclass(frozen=True, slots=True)
class Limited:
    """A trouble with its bounds: None where it has none. An empty bound bounds nothing either: nobody is left out."""

    hit: Hit
    packages: tuple[str, ...] | None
    regions: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a package stands with some functions; `since` is "" where that is not known."""

    proof: Proof
    since: str
    functions: str


@dataclass(frozen=True, slots=True)
class PackageReadiness:
    """A package, whose it is, and how it stands, what is wanting first."""

    name: str
    audience: str
    standings: tuple[Standing, ...]


def mine(audience: str, language: Language, *, troubles: Sequence[Limited], facts: Facts) -> Mine:
    """Return what holds with each package of the audience and in each region."""
    reader = Reader(audience, language, facts)
    packages = [each for each in facts.pack.packages.values() if each.audience == audience]
    return Mine(
        packages=tuple(
            Place(each.id, each.name, tuple(one.hit for one in troubles if not one.packages or each.id in one.packages))
            for each in packages
        ),
        regions=tuple(
            Place(
                each.id,
                reader.words(each.name),
                tuple(one.hit for one in troubles if not one.regions or each.id in one.regions),
            )
            for each in facts.pack.regions.values()
        ),
        is_limited=any(one.packages or one.regions for one in troubles),
    )


def names(ids: Sequence[str], known: Sequence[Link]) -> str:
    """Return the names of ids in the pack's order; ids that it has no more come last, as they are."""
    by_id = {link.id: link.name for link in known}
    return ", ".join([by_id[id_] for id_ in by_id if id_ in ids] + [id_ for id_ in ids if id_ not in by_id])


def readiness_of(language: Language, *, facts: Facts) -> tuple[PackageReadiness, ...]:
    """Return every package with what is known of it, in pack order; what nobody told us is unknown."""
    reader = Reader("", language, facts)
    known = {(each.package, each.function): each for each in facts.readiness}
    found = []
    for package in facts.pack.packages.values():
        functions = [each.id for each in facts.pack.functions.values() if package.audience in each.audiences]
        stands = [(known.get((package.id, function)), function) for function in functions]
        rows = [(_key(one), one.since if one else None, function) for one, function in stands]
        rows.sort(key=lambda row: (row[0], row[1].isoformat() if row[1] else ""))
        standings = [
            Standing(
                proof=PROOFS[place],
                since="" if since is None else reader.full_day(since),
                functions=", ".join(reader.function_name(function) for _, _, function in group),
            )
            for (place, since), group in groupby(rows, key=lambda row: row[:2])
        ]
        found.append(PackageReadiness(package.name, reader.audience_name(package.audience), tuple(standings)))
    return tuple(found)


def _key(known: object) -> int:
    proof: Proof = getattr(known, "proof", "unknown")
    return PROOFS.index(proof)
