"""`tocsin binder`: print plan B before it is needed, for one profession in one language, or for all."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tocsin.status_site.rules.binder import Binder

app = typer.Typer(add_completion=False)


@app.command(
    help="Make the binder: every procedure without any ICT, as a PDF to print and a folder that works offline."
)
def binder(
    audience: Annotated[str, typer.Option(help="The profession, as the pack calls it (default: all).")] = "",
    language: Annotated[str, typer.Option(help="fr, nl, de or en (default: all).")] = "",
    output: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("binder"),
    config: Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")] = None,
) -> None:
    """Write `<audience>-<language>.pdf` and a folder of that name; print what was written."""
    from tocsin.runtime.startup import start

    start(config=config, needs_database=False)
    from tocsin.status_site.binder import binder_folder, binder_pdf

    for made in _binders(audience, language):
        name = f"{made.audience}-{made.language}"
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        (output / f"{name}.pdf").write_bytes(binder_pdf(made))
        for path, content in binder_folder(made).items():
            (folder / path).write_bytes(content)
        typer.echo(f"{output / name}.pdf and {folder / 'index.html'}: {len(made.sheets)} procedures")


def _binders(audience: str, language: str) -> "Iterator[Binder]":
    from django.conf import settings

    from tocsin.bulletins.queries import load_templates
    from tocsin.catalog.queries import load_pack, pack_folder
    from tocsin.continuity.queries import configured_procedures
    from tocsin.kernel.clock import SystemClock
    from tocsin.kernel.language import LANGUAGES
    from tocsin.status_site.rules.binder import binder as binder_of
    from tocsin.status_site.rules.facts import Facts

    folder = pack_folder(settings.CONFIGURATION.pack)
    pack = load_pack(folder)
    audiences = _chosen(audience, tuple(pack.audiences), "--audience")
    languages = [each for each in LANGUAGES if each in _chosen(language, LANGUAGES, "--language")]
    site_url = str(settings.CONFIGURATION.site_url)
    if "127.0.0.1" in site_url or "localhost" in site_url:
        typer.echo(f"The QR codes lead to {site_url}: set site_url to the public address before you print.", err=True)
    facts = Facts(
        now=SystemClock().now(),
        checked_at=None,
        verdicts={},
        incidents=(),
        said=(),
        procedures=configured_procedures(),
        pack=pack,
    )
    for each in audiences:
        for tongue in languages:
            yield binder_of(each, tongue, facts=facts, templates=load_templates(folder), site_url=site_url)


def _chosen(given: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    from tocsin.kernel.errors import InputError

    if given and given not in known:
        raise InputError(
            "binder.unknown", f"There is no {given!r}.", where=option, hint=f"Use one of: {', '.join(known)}."
        )
    return (given,) if given else known
