"""What the guides tell a reader to type works: every block marked as tested is run, in a folder of its own."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 60
BLOCK = re.compile(r"<!-- tested(?:: ([a-z-]+))? -->\n```[a-z]+\n(.*?)```", re.DOTALL)


def marked(page: str) -> list[tuple[str, str]]:
    """The page's tested blocks in order: their name (empty for shell) and what they say."""
    return BLOCK.findall((ROOT / "docs" / page).read_text())


def clean(**more: str) -> dict[str, str]:
    """The environment of somebody who has just set up, with the command on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOCSIN_", "DJANGO_", "COV_"))}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "COLUMNS": "200"} | more


def run(script: str, *, folder: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Served:
    """A `tocsin serve` of its own on a free port, in an empty folder."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self.env = clean(TOCSIN_DATA_FOLDER=str(folder / "data"), TOCSIN_BASE_URL=self.url)
        with (folder / "serve.log").open("w") as said:
            self.process = subprocess.Popen(
                ["tocsin", "serve", "--port", str(port)],
                cwd=folder,
                env=self.env,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            assert self.process.poll() is None, (self.folder / "serve.log").read_text()
            assert time.monotonic() < deadline, (self.folder / "serve.log").read_text()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    serving = Served(tmp_path_factory.mktemp("served"))
    try:
        serving.wait()
        yield serving
    finally:
        serving.stop()


@pytest.mark.slow
def test_observations_can_be_sent_as_the_guide_says(served: Served) -> None:
    script = []
    for name, block in marked("how-to/send-observations.md"):
        if name:
            (served.folder / f"{name}.py").write_text(block)
            script.append(f"{sys.executable} {name}.py")
        else:
            script.append(block.replace("http://127.0.0.1:8000", served.url))
        if "KEY=" in block:
            script.append(otlp_environment())
    said = run("\n".join(script), folder=served.folder, env=served.env)
    assert said.count('"refused": {}') == 5
    assert '"accepted": 13' in said
    assert '"accepted": 2,' in said
    assert '"function": "open_session"' in said
    with closing(sqlite3.connect(served.folder / "data" / "tocsin.sqlite3")) as database:
        counted = database.execute(
            "SELECT source, count FROM observations_intakecount WHERE code = 'accepted'"
        ).fetchall()
    assert ("otlp/metrics", 2) in counted


def otlp_environment() -> str:
    page = (ROOT / "docs/how-to/send-observations.md").read_text()
    block = re.search(r"```sh\n(export OTEL_EXPORTER_OTLP_ENDPOINT.*?)```", page, flags=re.DOTALL)
    assert block is not None
    return block.group(1)


def test_the_recording_made_as_its_page_says_is_played(tmp_path: Path) -> None:
    ((name, program),) = marked("reference/recordings.md")
    (tmp_path / f"{name}.py").write_text(program)
    said = run(
        f"{sys.executable} {name}.py\ntocsin replay quiet-ten-minutes\ntocsin replay quiet-ten-minutes --json",
        folder=tmp_path,
        env=clean(),
    )
    assert '"event": "summary"' in said
    assert "0 inputs could not be used" in said
    assert "OPENED" not in said


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    script = "\n".join(block for _, block in marked("tutorial/first-incident.md"))
    said = run(script, folder=tmp_path, env=clean(TOCSIN_PASSWORD="never used before"))
    for expected in ("OPENED", "TOLD", "Fine-grained access", "Nothing to mend.", "/panel/", "audit log is intact: 2"):
        assert expected in said
    assert re.search(r"^08:1\d:\d\d  OPENED  2020-01-27-1", said, flags=re.MULTILINE)
    assert (tmp_path / "my-tocsin" / "tocsin.sqlite3").exists()


def test_commands_in_the_reference_have_an_example_that_is_called_rightly() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text()
    for command, text in re.findall(r"^## tocsin ([a-z]+)$(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL):
        (example,) = re.findall(r"```sh\n(tocsin .*)\n```", text)
        assert example.split()[1] == command
        given = set(re.findall(r" (--[a-z-]+)", example))
        assert given <= set(re.findall(r"`(--[a-z-]+)`", text))


def test_the_configuration_for_production_has_nothing_to_mend(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/run-in-production.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    # Tables come last in TOML, wherever the page speaks of them.
    (tmp_path / "tocsin.toml").write_text("\n".join(sorted(blocks, key=lambda block: block.startswith("["))))
    assert run("tocsin check --config tocsin.toml", folder=tmp_path, env=clean()) == "Nothing to mend.\n"
    (started,) = re.findall(r"^ExecStart=\S+/tocsin (.*)$", page, flags=re.MULTILINE)
    assert "--host" in run(f"tocsin {started} --help", folder=tmp_path, env=clean())


@pytest.mark.parametrize(("page", "setting"), [("probes.md", "PROBES_FILE"), ("otlp.md", "INTAKE_FILE")])
def test_the_example_of_a_file_has_nothing_to_mend(page: str, setting: str, tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/reference" / page).read_text(), flags=re.DOTALL)
    (tmp_path / "example.toml").write_text(example)
    env = clean(**{f"TOCSIN_{setting}": "example.toml"})
    assert run("tocsin check", folder=tmp_path, env=env) == "Nothing to mend.\n"
