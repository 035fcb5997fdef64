"""`tocsin panel`: the professionals who tell what works for them."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.policy import Config

if TYPE_CHECKING:
    from tocsin.kernel.clock import Clock

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Invite the professionals who tell what works for them."
)

_BY = "operator:cli"


@app.command()
def invite(
    audience: Annotated[str, typer.Option(help="Their profession, as in the pack, e.g. pharmacist.")],
    package: Annotated[str, typer.Option(help="The software they use, as in the pack.")],
    region: Annotated[str, typer.Option(help="Their province, e.g. BE-WLG.")],
    language: Annotated[str, typer.Option(help="fr, nl, de or en.")] = "fr",
    config: Config = None,
) -> None:
    """Invite a professional under a pseudonym and print the personal link; it is shown this once."""
    clock = _start(config)
    from django.conf import settings

    from tocsin.accounts.panel import invite_member
    from tocsin.observations.queries import configured_pack

    pack = configured_pack()
    for option, given, known in (
        ("audience", audience, pack.audiences),
        ("package", package, pack.packages),
        ("region", region, pack.regions),
    ):
        _check(option, given, known)
    made = invite_member(audience=audience, package=package, region=region, language=language, by=_BY, now=clock.now())
    typer.echo(f"Member {made.member.pseudonym}; their personal link, which is not kept here:", err=True)
    typer.echo(f"{settings.CONFIGURATION.base_url.rstrip('/')}/panel/{made.token}/")


@app.command()
def remove(
    pseudonym: Annotated[str, typer.Argument(help="As `tocsin panel list` shows it.")], config: Config = None
) -> None:
    """End a membership; the personal link is useless from then on."""
    clock = _start(config)
    from tocsin.accounts.panel import dismiss_member

    dismiss_member(pseudonym, by=_BY, now=clock.now())
    typer.echo(f"{pseudonym} is no longer on the panel.")


@app.command("list")
def show(config: Config = None) -> None:
    """List who is on the panel."""
    _start(config)
    from tocsin.accounts.panel import members

    for member in members():
        typer.echo(f"{member.pseudonym} {member.audience} {member.package} {member.region} {member.language}")


def _check(option: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        message = f"{given!r} is not in the pack; it knows {', '.join(known)}."
        raise typer.BadParameter(message, param_hint=f"--{option}")


def _start(config: Path | None) -> "Clock":
    from tocsin.runtime.startup import start

    start(config=config)
    from tocsin.runtime.clock import current

    return current()
