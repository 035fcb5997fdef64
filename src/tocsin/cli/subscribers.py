"""`tocsin subscribers`: those who asked to be told."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tocsin.cli.policy import Config

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, add and remove those who asked to be told.")

Audience = Annotated[str, typer.Option(help="A profession of the pack, e.g. pharmacist.")]


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="The e-mail address.")],
    audience: Audience,
    language: Annotated[str, typer.Option(help="fr, nl, de or en.")] = "en",
    function: Annotated[list[str] | None, typer.Option(help="Only about this function; may be repeated.")] = None,
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
    add_subscriber(address=address, language=language, wish=wish, by="operator:cli", now=settings.CLOCK.now())
    typer.echo(f"{address} will be told, in {language}, what concerns {audience}.")


@app.command()
def remove(address: Annotated[str, typer.Argument(help="The e-mail address.")], config: Config = None) -> None:
    """End every subscription of an address."""
    _start(config)
    from django.conf import settings

    from tocsin.notifications.models import Subscriber
    from tocsin.notifications.services import end_subscription

    rows = Subscriber.objects.filter(address=address.strip().lower(), left_at=None)
    for row in rows:
        end_subscription(row, actor="operator:cli", now=settings.CLOCK.now())
    if not rows:
        sys.stderr.write(f"tocsin: nobody is subscribed as {address}.\n")
        raise typer.Exit(1)
    typer.echo(f"{address} hears no more from us.")


@app.command("list")
def show(config: Config = None) -> None:
    """List the confirmed subscriptions."""
    _start(config)
    from tocsin.notifications.models import Subscriber

    rows = Subscriber.objects.filter(confirmed_at__isnull=False, left_at=None).order_by("requested_at", "pk")
    for row in rows:
        only = f" only {','.join(row.functions)}" if row.functions else ""
        typer.echo(f"{row.address} {row.language} {row.audience}{only}")


def _start(config: Path | None) -> None:
    from tocsin.runtime.startup import start

    start(config=config)
