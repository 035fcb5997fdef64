"""`tocsin outbox`: what waits, why, and who may let it go."""

from typing import Annotated

import typer

from tocsin.cli.policy import Config

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="See what waits to be sent and why; allow more text messages."
)


@app.callback()
def outbox() -> None:
    """Keep `show` and `allow` as commands of their own."""


@app.command()
def show(config: Config = None) -> None:
    """Print how many messages wait for each channel and why, what was asked, and the addresses that are left alone."""
    _start(config)
    from tocsin.notifications.budget import asked
    from tocsin.notifications.queries import standing

    lines, questions = list(standing()), list(asked())
    for line in lines:
        reason = {"": "to be sent"}.get(line.held_for, f"held for {line.held_for}")
        typer.echo(f"{line.channel} {line.count} {reason}")
    for question in questions:
        typer.echo(f"ceiling reached: {question.channel} {question.period} (tocsin outbox allow {question.period} …)")
    if not lines and not questions:
        typer.echo("Nothing waits.")


@app.command()
def allow(
    period: Annotated[str, typer.Argument(help="The outage, or the month as 2026-11, that `show` names.")],
    more: Annotated[int, typer.Option(help="How many more text messages may go.", min=1)],
    config: Config = None,
) -> None:
    """Allow more text messages than the ceiling, and let go what waited for it; audited."""
    _start(config)
    from django.conf import settings

    from tocsin.notifications.budget import allow as allow_more

    freed = allow_more(period, more=more, by="operator:cli", now=settings.CLOCK.now())
    typer.echo(f"{more} more text messages are allowed for {period}; {freed} that waited are on their way.")


def _start(config: Config) -> None:
    from tocsin.runtime.startup import start

    start(config=config)
