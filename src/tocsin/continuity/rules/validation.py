"""From a pack's parsed procedure files to procedures, or to everything that is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from tocsin.catalog.rules.findings import Finding, errors_in
from tocsin.catalog.rules.model import Function, Pack
from tocsin.catalog.rules.reading import ParsedFiles, Table, open_file
from tocsin.catalog.rules.validation import Sources, check_ids, cited_all, read_sources
from tocsin.continuity.rules.model import Activator, Duty, LegalBasis, LegalMatter, Procedure, ProcedureKind
from tocsin.detection.rules.model import State

LEGAL_FILE = "legal.toml"
PROCEDURES_FOLDER = "procedures"

KINDS = ("electronic", "non_ict")
MATTERS = ("reimbursement", "law")
TRIGGERS = (State.DEGRADED.value, State.DOWN.value)
"""The states in which a procedure can help: in no other is anybody told to work differently."""

ACTIVATORS = ("professional", "duty_officer", "authority")

_NO_LEGAL = LegalBasis(
    text={}, unconfirmed={}, address="", version="", validator=None, validated_on=None, expires_on=None
)


@dataclass(frozen=True, slots=True)
class CheckedProcedures:
    """What reading the procedures gave: by id, in the pack's order of functions (empty on errors), and findings."""

    procedures: Mapping[str, Procedure]
    findings: tuple[Finding, ...]


def check_procedure_files(files: ParsedFiles, pack: Pack, *, today: date | None = None) -> CheckedProcedures:
    """Read procedures out of parsed files; findings name the file, the key, what is wrong and what to do.

    With `today`, procedures and legal texts whose day has passed are warnings.
    """
    findings: list[Finding] = []
    reader = _Reader(pack, files, findings, today)
    procedures = reader.procedures()
    _check_coverage(procedures, pack, findings)
    order = list(pack.functions)
    ordered = {} if errors_in(findings) else dict(sorted(procedures.items(), key=lambda i: order.index(i[1].function)))
    return CheckedProcedures(ordered, tuple(findings))


class _Reader:
    """Reads every procedure file against one pack, its sources and its legal bases."""

    def __init__(self, pack: Pack, files: ParsedFiles, findings: list[Finding], today: date | None) -> None:
        self.pack = pack
        self.files = files
        self.findings = findings
        self.today = today
        self.sources: Sources = read_sources(files, findings)
        self.legal = self._legal_bases()

    def procedures(self) -> dict[str, Procedure]:
        """Return every procedure of every file, by id."""
        found: dict[str, Procedure] = {}
        for name in (each for each in self.files if each.startswith(f"{PROCEDURES_FOLDER}/")):
            for identity, table in open_file(self.files, name, self.findings).entries():
                if identity in found:
                    table.note("pack.duplicate", "", f"{identity!r} is there twice.", "Give each procedure its own id.")
                found[identity] = self._procedure(identity, table)
                table.finish()
        return found

    def _legal_bases(self) -> dict[str, LegalBasis]:
        found = {}
        for identity, table in open_file(self.files, LEGAL_FILE, self.findings).entries():
            found[identity] = self._legal_basis(table)
            table.finish()
        return found

    def _legal_basis(self, table: Table) -> LegalBasis:
        legal = LegalBasis(
            text=table.localized("text"),
            unconfirmed=table.localized("unconfirmed"),
            address=table.text("address"),
            version=table.text("version"),
            validator=table.optional_text("validator"),
            validated_on=table.optional_day("validated_on"),
            expires_on=table.optional_day("expires_on"),
            matter=cast("LegalMatter", table.choice("matter", MATTERS, default="reimbursement")),
        )
        given = [each is not None for each in (legal.validator, legal.validated_on, legal.expires_on)]
        if any(given) and not all(given):
            hint = "Give validator, validated_on and expires_on, or none of them."
            table.note("pack.half_validated", "", "A validation needs a name, a day and an expiry.", hint)
        self._warn_when_past(table, "expires_on", legal.expires_on)
        return legal

    def _procedure(self, identity: str, table: Table) -> Procedure:
        sources = cited_all(table, "sources", self.sources)
        procedure = Procedure(
            id=identity,
            version=table.text("version"),
            function=table.text("function"),
            kind=cast("ProcedureKind", table.choice("kind", KINDS)),
            states=self._states(table),
            audiences=table.ids("audiences"),
            packages=table.ids("packages") if table.has("packages") else None,
            title=table.localized("title"),
            instruction=table.localized("instruction"),
            steps=table.localized_list("steps"),
            patient=table.localized("patient"),
            legal=self._named_legal(table),
            forms=table.localized_list("forms"),
            exclusions=table.localized_list("exclusions"),
            duties=tuple(_duty(each) for each in table.tables("duties")),
            avoid=table.optional_localized("avoid"),
            time_cost=table.optional_localized("time_cost"),
            sources=sources,
            checked_on=table.day("checked_on"),
            review_on=table.day("review_on"),
            to_be_validated_by=table.optional_text("to_be_validated_by"),
            only_when_single_package=table.flag("only_when_single_package"),
            is_avoid_proven=table.flag("is_avoid_proven"),
            caveat=table.optional_localized("caveat"),
            needs=table.ids("needs", default=()),
            may_activate=self._activators(table),
            last_exercised=table.optional_day("last_exercised"),
        )
        self._check(procedure, table)
        return procedure

    def _states(self, table: Table) -> tuple[State, ...]:
        named = table.ids("states")
        for wrong in (each for each in named if each not in TRIGGERS):
            table.note("pack.choice", "states", f"{wrong!r} is not known here.", f"Use: {', '.join(TRIGGERS)}.")
        return tuple(State(each) for each in named if each in TRIGGERS)

    def _activators(self, table: Table) -> tuple[Activator, ...]:
        named = table.ids("may_activate")
        for wrong in (each for each in named if each not in ACTIVATORS):
            table.note("pack.choice", "may_activate", f"{wrong!r} is not known here.", f"Use: {', '.join(ACTIVATORS)}.")
        return tuple(cast("Activator", each) for each in named if each in ACTIVATORS)

    def _named_legal(self, table: Table) -> LegalBasis:
        named = table.text("legal")
        if named and named not in self.legal:
            hint = f"Add it to {LEGAL_FILE} or mend the name."
            table.note("pack.dangling", "legal", f"There is no legal basis {named!r}.", hint)
        return self.legal.get(named, _NO_LEGAL)

    def _check(self, procedure: Procedure, table: Table) -> None:
        named = (procedure.function,) if procedure.function else ()
        check_ids(table, "function", ids=named, known=self.pack.functions, kind="function")
        check_ids(table, "audiences", ids=procedure.audiences, known=self.pack.audiences, kind="audience")
        check_ids(table, "packages", ids=procedure.packages or (), known=self.pack.packages, kind="package")
        check_ids(table, "needs", ids=procedure.needs, known=self.pack.services, kind="service")
        function = self.pack.functions.get(procedure.function)
        if function is not None:
            _check_audiences(procedure, function, table)
        for name, given in (
            ("steps", procedure.steps),
            ("sources", procedure.sources),
            ("states", procedure.states),
            ("may_activate", procedure.may_activate),
        ):
            if not given:
                table.note("pack.empty", name, "There is nothing in it.", "Give at least one.")
        if not procedure.to_be_validated_by and any(each.trust == "inference" for each in procedure.sources):
            hint = "Say in to_be_validated_by who must confirm it."
            table.note("pack.unvalidated", "to_be_validated_by", "It rests on an inference of ours.", hint)
        self._warn_when_past(table, "review_on", procedure.review_on)

    def _warn_when_past(self, table: Table, name: str, day: date | None) -> None:
        if self.today is not None and day is not None and day < self.today:
            hint = "Check it again and set a new day."
            table.note("pack.overdue", name, f"That day ({day}) has passed.", hint, severity="warning")


def _check_audiences(procedure: Procedure, function: Function, table: Table) -> None:
    for stranger in (each for each in procedure.audiences if each not in function.audiences):
        message = f"{stranger!r} does not do {function.id!r}."
        table.note("pack.stranger", "audiences", message, "Remove the audience, or add it to the function.")


def _duty(table: Table) -> Duty:
    days = table.whole("within_days") if table.has("within_days") else None
    duty = Duty(text=table.localized("text"), within=timedelta(days=days) if days is not None else None)
    table.finish()
    return duty


def _check_coverage(procedures: Mapping[str, Procedure], pack: Pack, findings: list[Finding]) -> None:
    """Note every audience that would stand there without a plan B when a function does not work."""
    covered = {
        (procedure.function, audience)
        for procedure in procedures.values()
        if procedure.kind == "non_ict" and procedure.packages is None and not procedure.only_when_single_package
        if State.DOWN in procedure.states
        for audience in procedure.audiences
    }
    for function in pack.functions.values():
        for audience in (each for each in function.audiences if (function.id, each) not in covered):
            message = f"There is no procedure without ICT for {audience!r} when {function.id!r} does not work."
            hint = 'Add one with kind = "non_ict", states with "down", and this audience.'
            file = f"{PROCEDURES_FOLDER}/{function.id}.toml"
            findings.append(Finding("error", "pack.no_plan_b", file, "", message, hint))
