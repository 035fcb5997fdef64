"""The command `tocsin`: a table of commands, each loaded only when it is called.

`tocsin --help` reads this table alone, so that it answers at once: no plug-in, Django or kernel import for it.
"""

import importlib
import sys
import textwrap
from importlib.metadata import version

COMMANDS: dict[str, str] = {
    "serve": "Run Tocsin: console, intake, engine, mail and public pages, in one process tree.",
    "demo": "Play the reconstructed morning of 27 January 2020, live, in a browser and in this terminal.",
    "replay": "Run the live rules over a recorded scenario, as fast as this machine can.",
    "rehearse": "Make a scenario of an outage that never was, to replay and to practise with.",
    "check": "Check the configuration and the content pack, and say what to mend.",
    "binder": "Make the binder to print beforehand: every procedure without any ICT, for each profession.",
    "operator": "Create the people who may use the console.",
    "key": "Create and revoke the API keys of machines that send observations.",
    "panel": "Invite the professionals who tell what works for them.",
    "subscribers": "List, add and remove those who asked to be told.",
    "maintenance": "Announce planned maintenance, change it, end it, call it off.",
    "outbox": "See what waits to be sent and why; allow more text messages.",
    "automation": "Unlock or lock automatic publication.",
    "policy": "Show and change who must agree, holding messages and quiet hours.",
    "hold": "Stop every automatic publication and activation at once.",
    "release": "Let automatic publication and activation go on.",
    "site": "Tell which place shows which version of the public pages.",
    "figures": "Print how fast users were told, and how wrong the pages were.",
    "audit": "Show the audit log, or verify that nothing in it was changed.",
    "history": "Load past telemetry, so that detection knows what is usual.",
    "migrate": "Bring the database to this version.",
}


WIDTH = 100


def help_text() -> str:
    """Return what `tocsin --help` prints."""
    indent = max(map(len, COMMANDS)) + 4
    lines = [
        "Usage: tocsin COMMAND [OPTIONS]",
        "",
        "Tocsin: the open alarm bell and plan B of federated health platforms.",
        "",
        "Commands:",
    ]
    for name, summary in COMMANDS.items():
        row = textwrap.fill(summary, WIDTH - indent)
        lines.append(textwrap.indent(row, " " * indent).replace(" " * indent, f"  {name}".ljust(indent), 1))
    lines += ["", "`tocsin COMMAND --help` tells more of each. `tocsin --version` prints the version."]
    return "\n".join(lines)


def run(arguments: list[str]) -> None:
    """Run the command that the arguments name; raises `SystemExit` with its exit status."""
    name = arguments[0] if arguments else "--help"
    if name in {"--help", "-h", "help"}:
        sys.stdout.write(help_text() + "\n")
        return
    if name == "--version":
        sys.stdout.write(f"tocsin {version('tocsin')}\n")
        return
    if name not in COMMANDS:
        sys.stderr.write(f"tocsin: there is no command {name!r}; `tocsin --help` lists them all.\n")
        sys.exit(2)
    command = importlib.import_module(f"tocsin.cli.{name}")
    command.app(args=arguments[1:], prog_name=f"tocsin {name}")


def main() -> None:
    """Run the command line; an error that Tocsin foresaw ends as one line and exit status 2."""
    from tocsin.kernel.errors import TocsinError

    try:
        run(sys.argv[1:])
    except TocsinError as error:
        sys.stderr.write(f"tocsin: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
