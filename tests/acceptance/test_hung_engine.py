"""An engine that really hangs (stopped, not dead) is ended and started anew, and the pages go on being renewed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served, until

pytestmark = pytest.mark.slow

IMPATIENT = """
from tocsin.runtime import watch
watch.HANGS_AFTER_S = 12.0
from tocsin.cli.main import main
main()
"""


class Impatient(Served):
    """`tocsin serve`, which takes an engine for hung after seconds instead of a minute and a half."""

    program = ("-c", IMPATIENT)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    running = Impatient(tmp_path / "data")
    try:
        until(running.is_ready)
        until(running.has_pages)
        yield running
    finally:
        assert running.stop() == 0


def test_a_hung_engine_is_started_anew(served: Served) -> None:
    hung, pages = served.number_of("engine"), served.number_of("pages")
    assert hung is not None
    before = served.get("/site/version.json").json()["version"]
    os.kill(hung, signal.SIGSTOP)
    assert served.get("/site/").status_code == 200, "readers notice nothing"

    until(lambda: served.number_of("engine") not in {None, hung}, within_s=60)
    until(lambda: served.get("/site/version.json").json()["version"] > before, within_s=60)
    assert not (Path("/proc") / str(hung)).exists()
    assert served.number_of("pages") == pages
    assert "no sign of life" in served.output.read_text()
