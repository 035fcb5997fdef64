"""`tocsin audit`: show the audit log, and verify that nothing in it was changed."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Show or verify the audit log.")

Config = Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")]


@app.command(help="Look for changed, removed, moved or cut-off entries; exit status 1 when there are any.")
def verify(
    config: Config = None,
    head: Annotated[str | None, typer.Option(help="A hash that was once printed here and kept elsewhere.")] = None,
) -> None:
    """Print every fault, or that there is none and which hash to keep."""
    from tocsin.runtime.startup import start

    start(config=config)
    from tocsin.audit import queries

    found = queries.verify(known_head=head)
    for fault in found:
        typer.echo(f"{fault.kind}: {fault.message}")
    if found:
        raise typer.Exit(1)
    rows = queries.newest(1)
    if not rows:
        typer.echo("The audit log is empty.")
        return
    typer.echo(f"The audit log is intact: {rows[0].seq} entries.")
    typer.echo(f"Newest: {rows[0].hash}")
    typer.echo(
        "Keep this hash where nobody who can write to this machine can change it, and give it to --head next time:\n"
        "whoever rewrites both the log and the heads noted beside it cannot be found otherwise."
    )


@app.command(help="Print the newest entries, oldest of them first.")
def show(
    config: Config = None,
    limit: Annotated[int, typer.Option(min=1, help="How many entries.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, everything in it.")] = False,
) -> None:
    """Print who did what, when."""
    from tocsin.runtime.startup import start

    start(config=config)
    from tocsin.audit.queries import entry_of, newest
    from tocsin.audit.rules import is_automatic
    from tocsin.kernel.clock import format_moment

    for row in newest(limit):
        if as_json:
            entry = entry_of(row)
            fields = {name: getattr(entry, name) for name in entry.__slots__}
            typer.echo(json.dumps(fields | {"at": format_moment(entry.at)}, ensure_ascii=False))
        else:
            actor = "Tocsin itself" if is_automatic(row.actor) else row.actor
            typer.echo(f"{row.seq:>6}  {format_moment(row.at)}  {actor:<14} {row.action:<24} {row.subject}")
