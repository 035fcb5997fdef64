"""`tocsin site`: which place shows which version of the public pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tocsin.plugins.targets.states import TargetState

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Which place shows which version of the pages.")


@app.callback()
def site() -> None:
    """Which place shows which version of the pages."""


@app.command()
def status(
    config: Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")] = None,
) -> None:
    """Print each place with its version and what is wrong with it; exit status 1 when anything is."""
    from tocsin.plugins.targets.states import target_states
    from tocsin.runtime.configuration import load_configuration

    configuration = load_configuration(config)
    here = _here(configuration.site_folder)
    typer.echo(f"here: {here or 'nothing was published yet'}")
    states = target_states(configuration.data_folder, configuration.targets)
    for state in states:
        typer.echo(_line(state))
    if not here or any(state.fault or not state.shown_version for state in states):
        raise typer.Exit(1)


def _here(folder: Path) -> str:
    import json

    try:
        stamp = json.loads((folder / "version.json").read_bytes())
    except (OSError, ValueError):
        return ""
    return f"version {stamp['version']}, published {stamp['published_at']}, valid until {stamp['valid_until']}"


def _line(state: "TargetState") -> str:
    shows = (
        f"version {state.shown_version}, read back {state.shown_at:%H:%M:%S} UTC" if state.shown_at else "nothing yet"
    )
    behind = f"; version {state.wanted_version} is on its way" if state.wanted_version > state.shown_version else ""
    fault = f"; {state.failures} failure(s) in a row: {state.fault}" if state.fault else ""
    return f"{state.name} ({state.kind}): {shows}{behind}{fault}"
