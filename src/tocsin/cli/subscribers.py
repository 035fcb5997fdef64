"""`tocsin subscribers`: those who asked to be told."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.policy import Config

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, add and remove those who asked to be told.")

Address = Annotated[str, typer.Argument(help="The address, as it was given.")]
Audience = Annotated[str, typer.Option(help="A profession of the pack, e.g. pharmacist.")]


@app.command()
def add(
    address: Address,
    audience: Audience,
    language: Annotated[str, typer.Option(help="fr, nl, de or en.")] = "en",
    function: Annotated[list[str] | None, typer.Option(help="Only about this function; may be repeated.")] = None,
    channel: Annotated[str, typer.Option(help="email, sms, webhook or another channel.")] = "email",
    config: Config = None,
) -> None:
    """Subscribe someone who asked you to, without a mail that confirms; the audit log keeps that you did."""
    _start(config)
    from django.conf import settings

    from tocsin.kernel.language import LANGUAGES
    from tocsin.notifications.rules.model import Subscription
    from tocsin.notifications.services import add_subscriber

    if language not in LANGUAGES:
        raise typer.BadParameter(f"{language!r} is not one of {', '.join(LANGUAGES)}")
    wish = Subscription(audience, tuple(function or ()))
    now = settings.CLOCK.now()
    add_subscriber(channel=channel, address=address, language=language, wish=wish, by="operator:cli", now=now)
    typer.echo(f"{address} will be told, in {language}, what concerns {audience}.")


@app.command()
def remove(address: Address, config: Config = None) -> None:
    """End every subscription of an address."""
    _start(config)
    from django.conf import settings

    from tocsin.notifications.queries import subscriptions_of
    from tocsin.notifications.services import end_subscription

    rows = [row for row in subscriptions_of(address) if row.left_at is None]
    for row in rows:
        end_subscription(row, actor="operator:cli", now=settings.CLOCK.now())
    _found(rows, address)
    typer.echo(f"{address} hears no more from us.")


@app.command()
def erase(address: Address, config: Config = None) -> None:
    """Erase everything that is held about an address, at once; the audit log keeps that it was done, not to whom."""
    _start(config)
    from django.conf import settings

    from tocsin.notifications.queries import subscriptions_of
    from tocsin.notifications.services import erase_subscriber

    rows = subscriptions_of(address)
    for row in rows:
        erase_subscriber(row, actor="operator:cli", now=settings.CLOCK.now())
    _found(rows, address)
    typer.echo(f"Nothing of {address} is left.")


@app.command()
def suppress(
    address: Address,
    reason: Annotated[str, typer.Option(help="Why, e.g. complaint.")] = "complaint",
    config: Config = None,
) -> None:
    """Send nothing more to an address that complained; asking anew and confirming lifts it."""
    _start(config)
    from django.conf import settings

    from tocsin.notifications import services
    from tocsin.notifications.queries import subscriptions_of

    rows = subscriptions_of(address)
    for row in rows:
        services.suppress(row, reason=reason, actor="operator:cli", now=settings.CLOCK.now())
    _found(rows, address)
    typer.echo(f"Nothing more is sent to {address} ({reason}).")


@app.command()
def export(address: Address, config: Config = None) -> None:
    """Print everything that is held about an address, as JSON."""
    _start(config)
    import json

    from tocsin.notifications.queries import everything_about, subscriptions_of

    rows = subscriptions_of(address)
    _found(rows, address)
    typer.echo(json.dumps([everything_about(row) for row in rows], ensure_ascii=False, indent=2))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The list, as CSV.", exists=True, dir_okay=False)],
    trial: Annotated[bool, typer.Option("--trial", help="Only say what would be done.")] = False,
    config: Config = None,
) -> None:
    """Take over a list from an association, with proof of consent on each line; each gets a message that says so."""
    _start(config)
    from django.conf import settings

    from tocsin.notifications.importing import import_list

    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        done = import_list(lines, by="operator:cli", now=settings.CLOCK.now(), is_trial=trial)
    for line in done.refused:
        sys.stderr.write(f"line {line.number}: {line.message} [{line.code}]\n")
    would = "would be " if trial else ""
    typer.echo(f"{done.added} {would}added, {done.known} known already, {len(done.refused)} refused.")
    if done.refused:
        raise typer.Exit(1)


@app.command("list")
def show(config: Config = None) -> None:
    """List the confirmed subscriptions."""
    _start(config)
    from tocsin.notifications.models import Subscriber

    rows = Subscriber.objects.filter(confirmed_at__isnull=False, left_at=None).order_by("requested_at", "pk")
    for row in rows:
        only = f" only {','.join(row.functions)}" if row.functions else ""
        through = "" if row.channel == "email" else f" by {row.channel}"
        alone = f" left alone: {row.suppressed_for}" if row.suppressed_at else ""
        typer.echo(f"{row.address} {row.language} {row.audience}{through}{only}{alone}")


def _found(rows: Sequence[object], address: str) -> None:
    if not rows:
        sys.stderr.write(f"tocsin: nobody is subscribed as {address}.\n")
        raise typer.Exit(1)


def _start(config: Path | None) -> None:
    from tocsin.runtime.startup import start

    start(config=config)
