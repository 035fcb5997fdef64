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
    """List the operators."""
    _start(config)
    from tocsin.accounts.queries import operators

    for operator in operators():
        typer.echo(f"{operator.username} {operator.language}{'' if operator.is_active else ' (closed)'}")


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
