"""`tocsin operator`: the people who may use the console."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.cli.policy import Config

if TYPE_CHECKING:
    from tocsin.kernel.clock import Clock

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Create the people who may use the console.")

Name = Annotated[str, typer.Argument(help="The name to log in with.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file whose first line is the password (else TOCSIN_PASSWORD, else asked for).")
]
Language = Annotated[str, typer.Option(help="The console's language: fr, nl, de or en.")]

_BY = "operator:cli"


@app.command()
def create(name: Name, password_file: PasswordFile = None, language: Language = "en", config: Config = None) -> None:
    """Let somebody into the console."""
    clock = _start(config)
    from tocsin.accounts.services import create_operator

    password = _password(password_file)
    create_operator(name=name, password=password, language=language, by=_BY, now=clock.now())
    typer.echo(f"Operator {name} may log in now.")


@app.command()
def password(name: Name, password_file: PasswordFile = None, config: Config = None) -> None:
    """Give an operator a new password."""
    clock = _start(config)
    from tocsin.accounts.services import change_password

    change_password(name, password=_password(password_file), by=_BY, now=clock.now())
    typer.echo(f"Operator {name} has a new password.")


@app.command("list")
def show(config: Config = None) -> None:
    """List the operators: name, language, who is on duty, how each is paged, what proves that it is them."""
    _start(config)
    from tocsin.accounts.factors import factors_of
    from tocsin.accounts.queries import operators

    for operator in operators():
        said = [
            operator.username,
            operator.language,
            *(["(closed)"] if not operator.is_active else []),
            *(["on duty"] if operator.is_on_duty else []),
            *(way for way, address in (("e-mail", operator.email), ("sms", operator.phone)) if address),
            *(factor.kind for factor in factors_of(operator)),
        ]
        typer.echo(" ".join(said))


@app.command()
def duty(
    name: Annotated[str, typer.Argument(help="Whose duty; nobody: show who is on duty.")] = "",
    off: Annotated[bool, typer.Option("--off", help="Take them off duty instead of putting them on.")] = False,
    config: Config = None,
) -> None:
    """Put an operator on duty or off, or show who is on duty."""
    clock = _start(config)
    from tocsin.accounts.roster import on_duty, set_duty

    if name:
        set_duty(name, is_on_duty=not off, by=_BY, now=clock.now())
    names = ", ".join(operator.username for operator in on_duty())
    typer.echo(f"On duty: {names}." if names else "Nobody is on duty: pages go to everybody.")


@app.command()
def contact(
    name: Name,
    email: Annotated[str | None, typer.Option(help="Where to page by e-mail; an empty text for nowhere.")] = None,
    phone: Annotated[str | None, typer.Option(help="Mobile number, such as +32470123456; empty for none.")] = None,
    page: Annotated[list[str] | None, typer.Option(help="What to page for; repeat it. Not given: as before.")] = None,
    config: Config = None,
) -> None:
    """Say where an operator is paged, and what for (approval, promise, watch)."""
    clock = _start(config)
    from tocsin.accounts.roster import contacts_of, set_contacts

    before = contacts_of(name)
    operator = set_contacts(
        name,
        email=before.email if email is None else email,
        phone=before.phone if phone is None else phone,
        pages=before.pages if page is None else page,
        by=_BY,
        now=clock.now(),
    )
    ways = [operator.email or "no e-mail", operator.phone or "no number", ", ".join(operator.pages) or "nothing"]
    typer.echo(f"Operator {name} is paged at: {ways[0]}, {ways[1]}; for: {ways[2]}.")


@app.command("reset-factors")
def reset(name: Name, config: Config = None) -> None:
    """Take away every second factor of an operator who lost them; the password alone lets them in again."""
    clock = _start(config)
    from tocsin.accounts.factors import reset_factors

    count = reset_factors(name, by=_BY, now=clock.now())
    typer.echo(f"Operator {name} has no second factor any more (there were {count}).")


def _password(path: Path | None) -> str:
    from tocsin.kernel.errors import InputError

    if path is not None:
        try:
            return path.read_text().splitlines()[0]
        except (OSError, IndexError) as error:
            raise InputError("operator.password_file", "No password can be read from it.", where=str(path)) from error
    given = os.environ.get("TOCSIN_PASSWORD")
    return given or str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _start(config: Path | None) -> "Clock":
    from tocsin.runtime.startup import start

    start(config=config)
    from tocsin.runtime.clock import current

    return current()
