"""`tocsin panel`: the professionals who tell what works for them."""

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.policy import Config

if TYPE_CHECKING:
    from tocsin.accounts.panel import Invitation
    from tocsin.catalog.rules.model import Pack
    from tocsin.kernel.clock import Clock
    from tocsin.observations.rules.panel_plan import Line

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Invite the professionals who tell what works for them."
)

_BY = "operator:cli"

Pseudonym = Annotated[str, typer.Argument(help="As `tocsin panel list` shows it.")]
Email = Annotated[str, typer.Option(help="Send the link there; the member may be asked there too.")]


@app.command()
def quota(
    association: Annotated[str, typer.Argument(help="Its short id, e.g. pharmacists-liege.")],
    audience: Annotated[str, typer.Option(help="Whom it may invite, as in the pack, e.g. pharmacist.")],
    seats: Annotated[int, typer.Option(help="How many members it may have there.")],
    name: Annotated[str, typer.Option(help="Its name; needed the first time.")] = "",
    package: Annotated[str, typer.Option(help="Only users of this software.")] = "",
    region: Annotated[str, typer.Option(help="Only in this province.")] = "",
    config: Config = None,
) -> None:
    """Let an association invite so many members of a stratum; without software or province, of all."""
    clock = _start(config)
    from tocsin.accounts.panel import Stratum, set_quota

    _check_stratum(audience, package, region)
    stratum = Stratum(audience, package, region)
    set_quota(association, name=name, stratum=stratum, seats=seats, by=_BY, now=clock.now())
    typer.echo(f"{association} may have {seats}: {' '.join(filter(None, (audience, package, region)))}.")


@app.command()
def quotas(config: Config = None) -> None:
    """List the associations: whom they may invite, how many, and how many are there."""
    _start(config)
    from tocsin.accounts.panel import quotas as known

    for row, taken in known():
        stratum = f"{row.audience} {row.package or '*'} {row.region or '*'}"
        typer.echo(f"{row.association_id} {stratum} {taken}/{row.seats}")


@app.command()
def invite(
    audience: Annotated[str, typer.Option(help="Their profession, as in the pack, e.g. pharmacist.")],
    package: Annotated[str, typer.Option(help="The software they use, as in the pack.")],
    region: Annotated[str, typer.Option(help="Their province, e.g. BE-WLG.")],
    language: Annotated[str, typer.Option(help="fr, nl, de or en.")] = "fr",
    association: Annotated[str, typer.Option(help="Who invites them; it must have a seat free there.")] = "",
    practice: Annotated[str, typer.Option(help="A name of their practice; only a keyed hash of it is kept.")] = "",
    email: Email = "",
    config: Config = None,
) -> None:
    """Invite a professional under a pseudonym and print the personal link, good for 14 days until the first tap."""
    clock = _start(config)
    from tocsin.accounts.panel import invite_member

    _check_stratum(audience, package, region)
    address = _checked(email)
    made = invite_member(
        audience=audience,
        package=package,
        region=region,
        language=language,
        association=association,
        practice=practice,
        by=_BY,
        now=clock.now(),
    )
    _hand_over(made, address=address)


@app.command()
def renew(pseudonym: Pseudonym, email: Email = "", config: Config = None) -> None:
    """Print a new personal link for a member; the one before is useless from then on."""
    clock = _start(config)
    from tocsin.accounts.panel import renew_link

    address = _checked(email)
    _hand_over(renew_link(pseudonym, by=_BY, now=clock.now()), address=address)


@app.command()
def revoke(pseudonym: Pseudonym, config: Config = None) -> None:
    """Make a personal link useless, as when it got into wrong hands; `renew` makes another."""
    clock = _start(config)
    from tocsin.accounts.panel import revoke_link

    revoke_link(pseudonym, by=_BY, now=clock.now())
    typer.echo(f"The link of {pseudonym} is useless now.")


@app.command()
def remove(pseudonym: Pseudonym, config: Config = None) -> None:
    """End a membership; the personal link is useless from then on, and the address erased."""
    clock = _start(config)
    from tocsin.accounts.panel import dismiss_member

    dismiss_member(pseudonym, by=_BY, now=clock.now())
    typer.echo(f"{pseudonym} is no longer on the panel.")


@app.command("list")
def show(config: Config = None) -> None:
    """List who is on the panel, who invited them, and whether they have spoken yet."""
    clock = _start(config)
    from tocsin.accounts.panel import members

    for member in members():
        ended = member.expires_at is not None and member.expires_at <= clock.now()
        standing = "expired" if ended else "joined" if member.joined_at else "invited"
        stratum = f"{member.audience} {member.package} {member.region} {member.language}"
        typer.echo(f"{member.pseudonym} {stratum} {member.association_id or '-'} {standing}")


@app.command()
def plan(
    chance: Annotated[float, typer.Option(min=0.01, max=0.9999, help="How likely a fault is to be noticed.")] = 0.9,
    p: Annotated[
        float, typer.Option("--p", min=0.001, max=0.999, help="How likely one member is hit and says so in time.")
    ] = 0.1,
    witnesses: Annotated[int, typer.Option(min=1, max=20, help="How many must say so; 3 carry a verdict alone.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")] = False,
    config: Config = None,
) -> None:
    """Say how many members it takes to notice a fault, and where the panel is thin: 1 - (1 - p)^n for each stratum."""
    _start(config)
    from tocsin.accounts.panel import members
    from tocsin.observations.queries import configured_pack
    from tocsin.observations.rules.panel_plan import plan as planned

    counted = Counter((each.audience, each.package, each.region) for each in members() if each.joined_at is not None)
    lines = planned(configured_pack(), counted, wanted=chance, p=p, witnesses=witnesses)
    if as_json:
        asked = {"chance": chance, "p": p, "witnesses": witnesses}
        typer.echo(json.dumps(asked | {"strata": [_line(line) for line in lines]}, indent=2))
    else:
        _print_plan(lines, pack=configured_pack(), p=p, witnesses=witnesses)


def _line(line: "Line") -> dict[str, object]:
    fields = ("function", "audience", "package", "region", "members", "needed", "missing")
    return {name: getattr(line, name) for name in fields} | {"chance": round(line.chance, 4)}


def _print_plan(lines: "Collection[Line]", *, pack: "Pack", p: float, witnesses: int) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("profession", "where", "members", "needed", "missing", "chance", "functions", box=None)
    # One profession's functions are seen by the same members: one row for all of them.
    rows: dict[tuple[str, str | None, str | None], list[Line]] = {}
    for line in lines:
        rows.setdefault((line.audience, line.package, line.region), []).append(line)
    for (audience, package, region), own in rows.items():
        first = own[0]
        functions = "all" if len(own) == _functions_of(pack, audience) else ", ".join(line.function for line in own)
        counts = (str(first.members), str(first.needed), str(first.missing))
        table.add_row(audience, package or region or "everywhere", *counts, f"{first.chance:.0%}", functions)
    console.print(table)
    said = "at least one of them says so" if witnesses == 1 else f"at least {witnesses} of them say so"
    console.print(f"Each member is hit and says so in time with p = {p}, by themselves; the chance is that {said}.")


def _functions_of(pack: "Pack", audience: str) -> int:
    return sum(1 for function in pack.functions.values() if audience in function.audiences)


def _checked(email: str) -> str:
    from tocsin.notifications.asking import EMAIL
    from tocsin.notifications.services import checked_address

    return checked_address(EMAIL, email) if email else ""


def _hand_over(made: "Invitation", *, address: str) -> None:
    from django.conf import settings

    from tocsin.accounts.panel import set_contact
    from tocsin.notifications.asking import EMAIL
    from tocsin.notifications.asking import invite as send

    if address:
        now = settings.CLOCK.now()
        set_contact(made.member, channel=EMAIL, address=address, now=now, by=_BY)
        send(made.member, made.token, channel=EMAIL, address=address, now=now)
        typer.echo("The link goes out by e-mail as well.", err=True)
    typer.echo(f"Member {made.member.pseudonym}; their personal link, which only they should have:", err=True)
    typer.echo(f"{settings.CONFIGURATION.base_url.rstrip('/')}/panel/{made.token}/")


def _check_stratum(audience: str, package: str, region: str) -> None:
    from tocsin.observations.queries import configured_pack

    pack = configured_pack()
    for option, given, known in (
        ("audience", audience, pack.audiences),
        ("package", package, pack.packages),
        ("region", region, pack.regions),
    ):
        if given:
            _check(option, given, known)


def _check(option: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        message = f"{given!r} is not in the pack; it knows {', '.join(known)}."
        raise typer.BadParameter(message, param_hint=f"--{option}")


def _start(config: Path | None) -> "Clock":
    from tocsin.runtime.startup import start

    start(config=config)
    from tocsin.runtime.clock import current

    return current()
