"""`tocsin maintenance`: announce planned maintenance, change it, end it, call it off."""

import getpass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.policy import By, Config

if TYPE_CHECKING:
    from tocsin.catalog.rules.model import Pack
    from tocsin.changes.rules import Maintenance
    from tocsin.changes.services import Plan

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Announce planned maintenance, change it, end it, call it off."
)

Id = Annotated[str, typer.Argument(help="The maintenance, e.g. m-2026-11-29-1.")]
Start = Annotated[str, typer.Option(help='When it begins, Brussels time: "2026-11-29 10:00".')]
End = Annotated[str, typer.Option(help="When it is planned to end.")]
Fr = Annotated[str, typer.Option("--fr", help="What users will notice, in French.")]
Nl = Annotated[str, typer.Option("--nl", help="The same in Dutch.")]
De = Annotated[str, typer.Option("--de", help="The same in German.")]
En = Annotated[str, typer.Option("--en", help="The same in English.")]
Services = Annotated[list[str] | None, typer.Option("--service", help="A service worked on; may be repeated.")]
Functions = Annotated[
    list[str] | None, typer.Option("--function", help="A function touched; without any, those that need the services.")
]
Audiences = Annotated[list[str] | None, typer.Option("--audience", help="Only this profession; may be repeated.")]
Internal = Annotated[bool, typer.Option("--internal", help="For the console only: neither shown nor told.")]


@app.command()
def announce(
    start: Start,
    end: End,
    fr: Fr,
    nl: Nl,
    de: De,
    en: En,
    service: Services = None,
    function: Functions = None,
    audience: Audiences = None,
    internal: Internal = False,
    by: By = "",
    config: Config = None,
) -> None:
    """Announce a maintenance; who is concerned is told within ten seconds, and the pages show it."""
    pack, now = _start(config)
    from tocsin.changes import services

    plan = _plan(start, end, {"fr": fr, "nl": nl, "de": de, "en": en}, service, function, audience, internal)
    done = services.announce(plan, pack=pack, by=by or getpass.getuser(), now=now)
    typer.echo(_line(done))


@app.command()
def change(
    maintenance: Id,
    start: Annotated[str, typer.Option(help="When it begins now.")] = "",
    end: Annotated[str, typer.Option(help="When it is planned to end now.")] = "",
    fr: Fr = "",
    nl: Nl = "",
    de: De = "",
    en: En = "",
    by: By = "",
    config: Config = None,
) -> None:
    """Change when it takes place or what users will notice; what is not given stays as it is."""
    pack, now = _start(config)
    from dataclasses import replace

    from tocsin.changes import services
    from tocsin.changes.errors import UnknownMaintenanceError
    from tocsin.changes.queries import maintenance as find

    known = find(maintenance, now=now)
    if known is None:
        raise UnknownMaintenanceError(maintenance)
    said = {language: text for language, text in (("fr", fr), ("nl", nl), ("de", de), ("en", en)) if text}
    plan = services.plan_of(known)
    plan = replace(
        plan,
        start=services.planned_moment(start) if start else plan.start,
        end=services.planned_moment(end) if end else plan.end,
        effect={**plan.effect, **said},
    )
    typer.echo(_line(services.change(maintenance, plan, pack=pack, by=by or getpass.getuser(), now=now)))


@app.command("end")
def end_(maintenance: Id, by: By = "", config: Config = None) -> None:
    """Say that it is over; who was told that it was coming is told so."""
    _, now = _start(config)
    from tocsin.changes import services

    typer.echo(_line(services.end(maintenance, by=by or getpass.getuser(), now=now)))


@app.command()
def cancel(maintenance: Id, by: By = "", config: Config = None) -> None:
    """Call it off; who was told that it was coming is told so."""
    _, now = _start(config)
    from tocsin.changes import services

    typer.echo(_line(services.cancel(maintenance, by=by or getpass.getuser(), now=now)))


@app.command("list")
def show(config: Config = None) -> None:
    """List what is to come, goes on, or ended within the last week."""
    _, now = _start(config)
    from tocsin.changes.queries import planned

    for each in planned(now):
        typer.echo(_line(each))


def _start(config: Path | None) -> "tuple[Pack, datetime]":
    from tocsin.runtime.startup import start

    start(config=config)
    from django.conf import settings

    from tocsin.catalog.queries import load_pack, pack_folder

    return load_pack(pack_folder(settings.CONFIGURATION.pack)), settings.CLOCK.now()


def _plan(
    start: str,
    end: str,
    effect: dict[str, str],
    service: list[str] | None,
    function: list[str] | None,
    audience: list[str] | None,
    internal: bool,
) -> "Plan":
    from tocsin.changes.services import Plan, planned_moment

    return Plan(
        services=service or (),
        start=planned_moment(start),
        end=planned_moment(end),
        effect=effect,
        functions=function or (),
        audiences=audience,
        is_public=not internal,
    )


def _line(maintenance: "Maintenance") -> str:
    from tocsin.kernel.clock import in_brussels

    start, end = in_brussels(maintenance.start), in_brussels(maintenance.end)
    who = "everybody" if maintenance.audiences is None else ",".join(maintenance.audiences)
    internal = "" if maintenance.is_public else " internal"
    when = f"{start:%Y-%m-%d %H:%M}–{end:%H:%M}" if start.date() == end.date() else f"{start:%F %H:%M}–{end:%F %H:%M}"
    return f"{maintenance.id} {maintenance.state}{internal} {when} {','.join(maintenance.functions)} for {who}"
