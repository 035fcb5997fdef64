"""Every test run gets a data folder of its own, set before Django reads its configuration."""

import os
import tempfile
from pathlib import Path

import pytest

os.environ["TOCSIN_DATA_FOLDER"] = tempfile.mkdtemp(prefix="tocsin-test-")
os.environ["TOCSIN_SECRET_KEY"] = "only-for-tests-and-only-in-this-process"
os.environ.pop("TOCSIN_CONFIG", None)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def scenarios() -> Path:
    """The folder of recorded scenarios beside the project; says so and skips where it is absent."""
    folder = SHARED / "scenarios"
    if not folder.is_dir():
        pytest.skip(f"no recorded scenarios: {folder} does not exist (they lie beside the project, not in it)")
    return folder


@pytest.fixture
def belgium() -> Path:
    """The Belgian content pack."""
    return ROOT / "packs" / "belgium"
