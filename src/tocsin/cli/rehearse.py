"""`tocsin rehearse`: make a scenario of an outage that never was, to replay, to practise with, or to measure on."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def rehearse(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write the scenario; without it, they are listed.")
    ] = None,
    *,
    scenario: Annotated[str, typer.Option(help="Which one of the catalogue.")] = "",
    seed: Annotated[int, typer.Option(help="The same seed gives the same scenario, to the byte.")] = 1,
    catalogue: Annotated[Path | None, typer.Option(help="A catalogue of your own instead of the shipped one.")] = None,
    pack: Annotated[str, typer.Option(help="The content pack: a folder, or a shipped one's name.")] = "belgium",
) -> None:
    """Simulate the federation with something wrong (or only seemingly so) and write it as a recording to replay.

    Without a folder, list the scenarios of the catalogue. Nothing in a simulated scenario is real.
    """
    from tocsin.catalog.queries import load_pack, pack_folder
    from tocsin.kernel.errors import InputError
    from tocsin.rehearsal.queries import CATALOGUE, load_catalogue, load_world, plan_of
    from tocsin.rehearsal.services import write_scenario

    described = load_catalogue(catalogue or CATALOGUE)
    if folder is None:
        width = max(map(len, described), default=0)
        sys.stdout.writelines(f"{name.ljust(width)}  {each.get('title', '')}\n" for name, each in described.items())
        return
    if scenario not in described:
        hint = "`tocsin rehearse` without a folder lists them."
        raise InputError("rehearsal.unknown", f"there is no scenario {scenario!r}.", where="--scenario", hint=hint)
    world = load_world(load_pack(pack_folder(pack)))
    plan = plan_of(scenario, described[scenario], seed=seed)
    made = write_scenario(folder, replace(plan, id=folder.name), world)
    rows = len(made.rows.time_us)
    sys.stdout.write(f"{plan.title}: {rows} transactions, {plan.minutes} minutes. Replay: tocsin replay {folder}\n")
