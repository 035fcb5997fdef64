"""What tools written by others need: they themselves, and a site to look at."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from published_site import Published, served

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder in which the npm tools are installed; fails with what to do where they are not."""
    for program in ("node", "java"):
        assert shutil.which(program), f"{program} is not installed: tools/setup.sh test"
    assert (HERE / "node_modules" / ".package-lock.json").is_file(), "no npm tools are installed: tools/setup.sh test"
    return HERE


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    """A site, empty at first, and the server's address."""
    with served(tmp_path_factory.mktemp("outside")) as site:
        yield site
