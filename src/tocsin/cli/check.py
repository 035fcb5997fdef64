"""`tocsin check`: validate the configuration and the content pack, and say what to mend. Needs no database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tocsin.catalog.rules.findings import Finding

app = typer.Typer(add_completion=False, help="Check the configuration and the content pack, and say what to mend.")


@app.command()
def check(
    config: Annotated[Path | None, typer.Option(help="The configuration file (default: TOCSIN_CONFIG).")] = None,
    pack: Annotated[str, typer.Option(help="A pack's folder or name, instead of the configured one.")] = "",
) -> None:
    """Print every error and warning; exit status 1 when there is an error."""
    findings = _found(config, pack)
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding}")
    errors = sum(finding.severity == "error" for finding in findings)
    typer.echo(f"{errors} to mend, {len(findings) - errors} to look at." if findings else "Nothing to mend.")
    if errors:
        raise typer.Exit(1)


def _found(config: Path | None, pack: str) -> "list[Finding]":
    from tocsin.catalog.queries import load_pack, pack_folder
    from tocsin.catalog.rules.findings import errors_in
    from tocsin.kernel.clock import SystemClock, in_brussels
    from tocsin.kernel.errors import ConfigurationError
    from tocsin.runtime.checking import configuration_findings, pack_findings, reference_findings, refused
    from tocsin.runtime.configuration import load_configuration

    findings: list[Finding] = []
    configuration = None
    try:
        configuration = load_configuration(config)
        pack = pack or configuration.pack
        findings += configuration_findings(configuration)
    except ConfigurationError as error:
        findings += refused(error)
    try:
        if pack:
            in_pack = pack_findings(pack_folder(pack), today=in_brussels(SystemClock().now()).date())
            findings += in_pack
            if configuration is not None and not errors_in(in_pack):
                findings += reference_findings(configuration, load_pack(pack_folder(pack)))
    except ConfigurationError as error:
        findings += refused(error)
    return findings
