"""From a pack's parsed files to a `Pack`, or to everything that is wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

from tocsin.catalog.rules.calendar_reading import read_calendar
from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.catalog.rules.graph import cycle_in
from tocsin.catalog.rules.model import (
    Audience,
    Authority,
    Criticality,
    Function,
    Pack,
    Package,
    Partner,
    Population,
    Region,
    Service,
    Source,
)
from tocsin.catalog.rules.reading import ParsedFiles, Table, open_file

type Sources = Mapping[str, Source]

type Trust = Literal["official", "code", "press", "inference"]

TRUSTS = ("official", "code", "press", "inference")
KINDS = ("service", "infrastructure")
CRITICALITIES = ("vital", "important", "ordinary")

_NO_SOURCE = Source(address="", checked_on=date.min, trust="inference")


@dataclass(frozen=True, slots=True)
class Checked:
    """What reading a pack gave: the pack (None when there are errors) and all findings, in the files' order."""

    pack: Pack | None
    findings: tuple[Finding, ...]


def check_catalogue(files: ParsedFiles) -> Checked:
    """Read a catalogue out of parsed files; findings name the file, the key, what is wrong and what to do."""
    findings: list[Finding] = []
    pack = _pack(files, findings)
    return Checked(pack if not errors_in(findings) else None, tuple(findings))


def read_sources(files: ParsedFiles, findings: list[Finding]) -> Sources:
    """Read the register of sources that facts and procedures refer to by name."""
    return _entries(files, "sources.toml", _source, findings)


def cited(table: Table, name: str, sources: Sources) -> Source:
    """Return the source that the table names; one that the register lacks is a finding."""
    named = table.text(name)
    if named and named not in sources:
        table.note("pack.dangling", name, f"There is no source {named!r}.", "Add it to sources.toml or mend the name.")
    return sources.get(named, _NO_SOURCE)


def cited_all(table: Table, name: str, sources: Sources) -> tuple[Source, ...]:
    """Return the sources that the table lists; each that the register lacks is a finding."""
    named = table.ids(name)
    check_ids(table, name, ids=named, known=sources, kind="source")
    return tuple(sources[each] for each in named if each in sources)


def check_ids(table: Table, name: str, *, ids: tuple[str, ...], known: Mapping[str, object], kind: str) -> None:
    """Note every id that names nothing known."""
    for missing in (each for each in ids if each not in known):
        table.note("pack.dangling", name, f"There is no {kind} {missing!r}.", f"Add the {kind} or mend the id.")


def _pack(files: ParsedFiles, findings: list[Finding]) -> Pack:
    sources = read_sources(files, findings)
    head = open_file(files, "pack.toml", findings)
    audiences = _entries(files, "audiences.toml", lambda i, t: _audience(i, t, sources), findings)
    partners = _entries(files, "partners.toml", _partner, findings)
    services = _entries(files, "services.toml", _service, findings)
    functions = _entries(files, "functions.toml", lambda i, t: _function(i, t, sources), findings)
    pack = Pack(
        id=head.text("id"),
        version=head.text("version"),
        timezone=head.text("timezone"),
        audiences=audiences,
        partners=partners,
        services=services,
        functions=functions,
        packages=_entries(files, "packages.toml", _package, findings),
        regions=_entries(files, "regions.toml", _region, findings),
        authority=_authority(head.optional_table("authority")),
        help_desk=head.optional_localized("help_desk"),
        calendar=read_calendar(files, findings, cite=lambda table, name: cited(table, name, sources)),
    )
    head.finish()
    _check_references(pack, files, findings)
    _check_cycles(pack, findings)
    return pack


def _entries[T](
    files: ParsedFiles, name: str, read: Callable[[str, Table], T], findings: list[Finding]
) -> Mapping[str, T]:
    file = open_file(files, name, findings)
    found: dict[str, T] = {}
    for identity, table in file.entries():
        found[identity] = read(identity, table)
        table.finish()
    if not found and name in files:
        file.note("pack.empty", "", "The file holds nothing.", "Add at least one entry.")
    return found


def _source(_: str, table: Table) -> Source:
    return Source(
        address=table.text("address"),
        checked_on=table.day("checked_on"),
        trust=cast("Trust", table.choice("trust", TRUSTS)),
    )


def _population(table: Table, sources: Sources) -> Population:
    low, high = table.whole("low"), table.whole("high")
    source = cited(table, "source", sources)
    table.optional_text("note")
    table.finish()
    if low > high:
        table.note("pack.range", "", f"The range runs from {low} down to {high}.", "Put the smaller number in `low`.")
    return Population(low, high, source)


def _audience(identity: str, table: Table, sources: Sources) -> Audience:
    return Audience(
        id=identity,
        name=table.localized("name"),
        plural=table.localized("plural"),
        population=_population(table.table("population"), sources),
    )


def _partner(identity: str, table: Table) -> Partner:
    return Partner(
        id=identity,
        name=table.text("name"),
        subcontractor_of=table.optional_text("subcontractor_of"),
        contact=table.optional_localized("contact"),
    )


def _service(identity: str, table: Table) -> Service:
    return Service(
        id=identity,
        name=table.text("name"),
        partner=table.text("partner"),
        kind=cast("Literal['service', 'infrastructure']", table.choice("kind", KINDS, default="service")),
        needs=table.ids("needs"),
        soft=table.ids("soft", default=()),
        uddi=table.optional_text("uddi"),
        probed_by_default=table.flag("probed_by_default"),
    )


def _function(identity: str, table: Table, sources: Sources) -> Function:
    load = table.optional_table("transactions_per_month")
    return Function(
        id=identity,
        name=table.localized("name"),
        fails=table.localized("fails"),
        slow=table.localized("slow"),
        back=table.localized("back"),
        audiences=table.ids("audiences"),
        uses=table.ids("uses"),
        soft=table.ids("soft", default=()),
        is_crucial=table.flag("is_crucial", default=True),
        is_login=table.flag("is_login"),
        transactions_per_month=_population(load, sources) if load is not None else None,
        criticality=cast("Criticality", table.choice("criticality", CRITICALITIES, default="important")),
    )


def _package(identity: str, table: Table) -> Package:
    return Package(id=identity, audience=table.text("audience"), name=table.text("name"))


def _region(identity: str, table: Table) -> Region:
    return Region(id=identity, name=table.localized("name"))


def _authority(table: Table | None) -> Authority | None:
    if table is None:
        return None
    authority = Authority(name=table.localized("name"), help_desk=table.localized("help_desk"))
    table.finish()
    return authority


def _check_references(pack: Pack, files: ParsedFiles, findings: list[Finding]) -> None:
    def at(file: str, identity: str) -> Table:
        return Table(file, identity, files.get(file, {}), findings)

    for partner in pack.partners.values():
        above = (partner.subcontractor_of,) if partner.subcontractor_of else ()
        place = at("partners.toml", partner.id)
        check_ids(place, "subcontractor_of", ids=above, known=pack.partners, kind="partner")
    for service in pack.services.values():
        place = at("services.toml", service.id)
        check_ids(place, "partner", ids=_given(service.partner), known=pack.partners, kind="partner")
        check_ids(place, "needs", ids=service.needs, known=pack.services, kind="service")
        check_ids(place, "soft", ids=service.soft, known=pack.services, kind="service")
    for function in pack.functions.values():
        _check_function(at("functions.toml", function.id), function, pack)
    for package in pack.packages.values():
        place = at("packages.toml", package.id)
        check_ids(place, "audience", ids=_given(package.audience), known=pack.audiences, kind="audience")


def _check_function(place: Table, function: Function, pack: Pack) -> None:
    check_ids(place, "audiences", ids=function.audiences, known=pack.audiences, kind="audience")
    check_ids(place, "uses", ids=function.uses, known=pack.services, kind="service")
    check_ids(place, "soft", ids=function.soft, known=pack.services, kind="service")
    for name, ids in (("audiences", function.audiences), ("uses", function.uses)):
        if not ids:
            place.note("pack.empty", name, "Nobody and nothing is named.", "Name at least one.")


def _given(identity: str) -> tuple[str, ...]:
    # An id that is missing altogether has its own finding already.
    return (identity,) if identity else ()


def _check_cycles(pack: Pack, findings: list[Finding]) -> None:
    cycle = cycle_in({service.id: (*service.needs, *service.soft) for service in pack.services.values()})
    if cycle:
        path = " → ".join((*cycle, cycle[0]))
        message = f"These services need one another in a circle: {path}."
        findings.append(
            Finding("error", "pack.cycle", "services.toml", f"{cycle[0]}.needs", message, "Remove one of these needs.")
        )
