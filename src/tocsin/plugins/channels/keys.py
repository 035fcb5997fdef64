"""Keys that a channel makes for itself at the first start, kept in the data folder where only the owner reads them."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def kept_key(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the key in a file, made by `make` when there is none yet; processes that start together get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # only the owner reads it
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)  # whole or not at all; whoever comes second reads what the first one made
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
    return path.read_bytes()
