"""The published version in memory: whole answers, ready to be sent, each made from one reading of one file.

What is looked up is bound to the version's own folder, not to the link that points to it, so that a page and its
compressed form, its tag and its length always belong together. A file is read when it is first asked for: a switch
costs nothing but forgetting.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tocsin.plugins.targets.media import CACHE
from tocsin.runtime.pages.coding import IDENTITY, accepted
from tocsin.runtime.site_headers import headers_for

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SUFFIXES = {"br": ".br", "gzip": ".gz"}
PREFERRED = ("br", "zstd", "gzip")
"""Of codings that the reader likes equally, the smallest first; only zstd is not prepared beforehand."""

ZSTD_LEVEL = 3
"""Made while a reader waits, after every switch: the next two per cent would cost the herd more than they save."""

ONE_PACKET_BYTES = 1200
"""What fits into one packet reaches nobody sooner for being smaller."""

MOST_CODINGS = 1000
"""Different `Accept-Encoding` headers remembered; browsers send a handful."""

MOST_MISSES = 10_000

ABSENT = "404.html"
"""The page for what is not there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What follows the status line and the date: with the body, the head alone, and for whoever has it already."""

    tag: bytes
    full: bytes
    head: bytes
    unchanged: bytes
    status: bytes = b"HTTP/1.1 200 OK\r\n"


class Shelf:
    """The version that is shown now. `look` notices a new one; `find` answers from the one that was seen last."""

    def __init__(self, folder: Path) -> None:
        """Build it for the folder that is a link to the newest version; nothing is read yet."""
        self._folder = folder
        self._target: str | None = None
        self._place = folder
        self._answers: dict[tuple[str, str], Answer | None] = {}
        self._codings: dict[bytes, tuple[str, ...]] = {}

    def look(self) -> bool:
        """Turn to the version that the link points to now; return whether it is another one."""
        try:
            target = os.readlink(self._folder)  # noqa: PTH115  fifty times a second, and compared as a text
        except OSError:
            return False
        if target == self._target:
            return False
        self._target = target
        self._place = self._folder.parent / target
        self._answers = {}
        return True

    def find(self, path: str, accept_encoding: bytes) -> Answer | None:
        """Return the answer for a path below the site's root, in the form that the reader likes best."""
        codings = self._codings.get(accept_encoding)
        if codings is None:
            codings = self._noted(accept_encoding)
        for coding in codings:
            answer = self._found(path, coding)
            if answer is not None:
                return answer
        return self._elsewhere(path)

    def _elsewhere(self, path: str) -> Answer | None:
        if path and not path.endswith("/") and self._found(f"{path}/", IDENTITY) is not None:
            return _redirect(path)
        return self._absent()

    def _absent(self) -> Answer | None:
        page = self._found(ABSENT, IDENTITY)
        return None if page is None else replace(page, status=b"HTTP/1.1 404 Not Found\r\n", tag=b"-")

    def _noted(self, accept_encoding: bytes) -> tuple[str, ...]:
        if len(self._codings) >= MOST_CODINGS:
            self._codings.clear()
        codings = accepted(accept_encoding.decode("latin-1"), PREFERRED)
        self._codings[accept_encoding] = codings
        return codings

    def _found(self, path: str, coding: str) -> Answer | None:
        key = (path, coding)
        try:
            return self._answers[key]
        except KeyError:
            answer = self._made(path, coding)
            if answer is None and len(self._answers) > MOST_MISSES:
                self._answers.clear()
            self._answers[key] = answer
            return answer

    def _made(self, path: str, coding: str) -> Answer | None:
        answer = _read(self._place, path, coding)
        if answer is None and self.look():
            # The version was taken away while we looked: it is two versions old by now.
            answer = _read(self._place, path, coding)
        return answer


def _read(place: Path, path: str, coding: str) -> Answer | None:
    name = _name(path)
    if name is None:
        return None
    try:
        return _answer(name, _body(place / name, coding), coding)
    except OSError:
        return None


def _name(path: str) -> str | None:
    """Return the file that a path names; None for one that could lead anywhere else, or to a prepared sibling."""
    name = f"{path}index.html" if not path or path.endswith("/") else path
    parts = name.split("/")
    if "\0" in name or "" in parts or any(part.startswith(".") for part in parts) or name.endswith((".gz", ".br")):
        return None
    return name


def _body(file: Path, coding: str) -> bytes:
    if coding == IDENTITY:
        return file.read_bytes()
    if coding == "zstd":
        return _smaller(file.read_bytes(), lambda plain: zstd.compress(plain, level=ZSTD_LEVEL))
    return file.with_name(f"{file.name}{SUFFIXES[coding]}").read_bytes()


def _smaller(plain: bytes, compress: Callable[[bytes], bytes]) -> bytes:
    packed = compress(plain) if len(plain) > ONE_PACKET_BYTES else plain
    if len(packed) >= len(plain):
        raise FileNotFoundError
    return packed


def _answer(name: str, body: bytes, coding: str) -> Answer:
    # By content and coding: the same words keep their tag over versions, two forms never share one.
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    told, unchanged = _standing(name, coding)
    head = b"ETag: %s\r\nContent-Length: %d\r\n%s" % (tag.encode(), len(body), told)
    return Answer(tag.encode(), head + body, head, b"ETag: %s\r\n%s" % (tag.encode(), unchanged))


@lru_cache(maxsize=20_000)
def _standing(name: str, coding: str) -> tuple[bytes, bytes]:
    """Return what every version says of a file in this form, with its content and for whoever has that already."""
    kept = headers_for(name)
    sent = {**kept, **({} if coding == IDENTITY else {"Content-Encoding": coding})}
    return _lines(sent), _lines({key: value for key, value in kept.items() if key != "Content-Type"})


def _redirect(path: str) -> Answer:
    # Relative, so that it holds under whatever address readers know the site.
    head = _lines({"Location": f"{path.rpartition('/')[2]}/", "Content-Length": "0", "Cache-Control": CACHE})
    return Answer(b"-", head, head, head, status=b"HTTP/1.1 301 Moved Permanently\r\n")


def _lines(headers: dict[str, str]) -> bytes:
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"Server: tocsin\r\n{text}\r\n".encode("latin-1")
