"""`tocsin serve` as one starts it: a real process tree on a data folder of its own."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from listening import free_port
from served import Served, commands, environment, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(tmp_path_factory.mktemp("serve") / "data")
    try:
        until(running.is_ready)
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def test_the_first_start_says_where_to_look_and_how_to_get_in(served: Served) -> None:
    said = served.output.read_text()
    assert f"Console       http://127.0.0.1:{served.port}/console/" in said
    assert f"Public pages  http://127.0.0.1:{served.port}/site/" in said
    assert "tocsin operator create NAME\n" in said


def test_it_is_alive_and_ready_and_shows_pages(served: Served) -> None:
    assert served.get("/healthz").text == "ok\n"
    ready = served.get("/readyz").json()
    assert (ready["ready"], ready["faults"]) == (True, [])
    until(served.has_pages)
    page = served.get("/site/fr/")
    assert (page.status_code, page.headers["content-language"]) == (200, "fr")
    assert served.get("/login/").status_code == 200
    assert served.get("/nothing-here").status_code == 404


def test_a_second_one_on_the_same_folder_is_refused(served: Served) -> None:
    second = served.run("serve", "--port", str(free_port()))
    assert second.returncode == 2
    assert f"Tocsin runs on this data folder already (process {served.process.pid})" in second.stderr
    assert second.stderr.count("\n") == 1


def test_hold_is_in_force_at_once_and_release_lifts_it(served: Served) -> None:
    held = served.run("hold", "--by", "ann", "--reason", "a load test")
    assert (held.returncode, held.stdout) == (0, "Automation is locked and held: nothing automatic goes out.\n")
    with closing(sqlite3.connect(served.data_folder / "tocsin.sqlite3")) as database:
        assert database.execute("SELECT is_held FROM bulletins_policyrow").fetchone() == (1,)
    assert "not held" in served.run("release", "--by", "ann").stdout
    assert "unlocked" in served.run("automation", "unlock", "--demonstration", "--by", "ann").stdout
    assert "locked" in served.run("automation", "lock", "--by", "ann").stdout
    shown = served.run("audit", "show").stdout
    assert [line.split()[3] for line in shown.splitlines()] == [
        "policy.held",
        "policy.released",
        "policy.unlocked",
        "policy.locked",
    ]


def test_the_audit_log_of_a_running_system_is_verified_and_a_change_is_found(served: Served, tmp_path: Path) -> None:
    served.run("hold", "--by", "ann")
    intact = served.run("audit", "verify")
    assert (intact.returncode, "intact" in intact.stdout) == (0, True)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "audit-heads.log").write_bytes((served.data_folder / "audit-heads.log").read_bytes())
    with (
        closing(sqlite3.connect(served.data_folder / "tocsin.sqlite3")) as database,
        closing(sqlite3.connect(copy / "tocsin.sqlite3")) as forged,
    ):
        database.backup(forged)
        forged.execute("DELETE FROM audit_auditentry WHERE seq = (SELECT max(seq) FROM audit_auditentry)")
        forged.commit()
    found = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", "audit", "verify"],
        env=environment(copy),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 1
    assert found.stdout.startswith("cut: The newest entries")


def test_a_child_that_dies_is_started_anew(served: Served) -> None:
    until(lambda: served.number_of("engine"))
    before = served.number_of("engine")
    assert before is not None
    os.kill(before, signal.SIGKILL)
    until(lambda: served.number_of("engine") not in {None, before})
    until(served.is_ready)
    assert "engine ended with status -9" in served.output.read_text()


def test_sigterm_ends_all_of_it_without_a_word_of_alarm(served: Served) -> None:
    until(lambda: served.number_of("web") and served.number_of("engine") and served.number_of("notifications"))
    tree = [pid for pid, _ in served.processes()]
    assert len(tree) >= 4
    assert served.stop() == 0
    assert [pid for pid, words in commands() if pid in tree and "tocsin" in words] == []
    said = served.output.read_text()
    assert said.endswith("Tocsin has stopped.\n")
    assert "Traceback" not in said


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    orphaned = Served(tmp_path / "data", "--clock", "replay", "--origin", "2020-01-27T05:00:00Z", "--paused")
    until(orphaned.is_ready)
    assert orphaned.get("/readyz").json()["now"] == "2020-01-27T05:00:00Z"
    until(lambda: len(orphaned.processes()) >= 4)
    tree = [pid for pid, _ in orphaned.processes()]
    (pages,) = [pid for pid, words in orphaned.processes() if "tocsin.runtime.process pages" in words]
    orphaned.stop(signal.SIGKILL)
    until(lambda: [pid for pid, words in commands() if pid in tree and "tocsin" in words] == [pages], within_s=15)
    os.kill(pages, signal.SIGTERM)  # what readers look at stays, until it is told to end or the next one takes over
    until(lambda: pages not in dict(commands()), within_s=5)


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [
        ("TOCSIN_PACK", "atlantis", "pack.absent"),
        ("TOCSIN_BASE_URL", "not an address", "configuration.refused"),
        ("TOCSIN_PROBES_FILE", "/nowhere/probes.toml", "configuration.refused"),
        ("TOCSIN_DEBUG", "perhaps", "configuration.kind"),
    ],
)
def test_a_bad_configuration_is_refused_with_an_id_and_a_hint(
    tmp_path: Path, setting: str, value: str, code: str
) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "tocsin.cli.main", "serve", "--port", str(free_port())],
        env=environment(tmp_path / "data") | {setting: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert refused.returncode == 2
    assert f"[{code}]" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_replay_clock_needs_a_moment_to_start_from(tmp_path: Path) -> None:
    for options, code in (((), "clock.no_origin"), (("--origin", "tomorrow"), "clock.origin")):
        refused = subprocess.run(
            [sys.executable, "-m", "tocsin.cli.main", "serve", "--clock", "replay", *options],
            env=environment(tmp_path / "data"),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (refused.returncode, f"[{code}]" in refused.stderr) == (2, True)
