"""Prepares compressed siblings (`page.html.gz`, `page.html.br`) once for each distinct content.

A text that was compressed for the version before is not compressed again, whatever page it stands on. A sibling is
kept only where it is smaller than every form before it: then no two forms of a page have the same size, and a server
that makes its ETags from time and size (nginx) can never give two of them the same one.
"""

import zlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import brotli

from tocsin.status_site.ports import Files

COMPRESSIBLE = frozenset(
    {".html", ".css", ".js", ".json", ".xml", ".atom", ".rss", ".svg", ".ics", ".txt", ".webmanifest"}
)
ONE_PACKET_BYTES = 1200
"""What fits into one packet with its headers reaches nobody sooner for being smaller."""

GZIP_LEVEL = 5
BROTLI_QUALITY = 5
"""Higher ones save two per cent of a page and cost more than the rest of a publication."""

TOGETHER = 2
BATCH = 32
GZIP_FORMAT = 31
"""zlib's number for a gzip header, with no time in it: the same text is always the same bytes."""


@dataclass(frozen=True, slots=True)
class Forms:
    """The compressed forms of a text; None where one would not be smaller."""

    gzip: bytes | None
    brotli: bytes | None


@dataclass(slots=True)
class Press:
    """Compresses versions of a site one after the other, remembering the forms of the last one."""

    _forms: dict[bytes, Forms] = field(default_factory=dict)

    def packed(self, files: Mapping[str, bytes]) -> Files:
        """Return the files, each with the compressed siblings that are worth having behind it."""
        wanted = {content for name, content in files.items() if is_worth_it(name, content)}
        fresh = [content for content in wanted if content not in self._forms]
        made = _compressed(fresh)
        self._forms = {content: self._forms.get(content) or made[content] for content in wanted}
        packed: Files = {}
        for name, content in files.items():
            packed[name] = content
            forms = self._forms.get(content) if is_worth_it(name, content) else None
            packed.update(_siblings(name, forms))
        return packed


def is_worth_it(name: str, content: bytes) -> bool:
    """Say whether a file of this name and content is compressed at all."""
    return len(content) > ONE_PACKET_BYTES and PurePosixPath(name).suffix in COMPRESSIBLE


def forms_of(content: bytes) -> Forms:
    """Return the compressed forms of a text."""
    gzipped = _gzip(content)
    brotlied = brotli.compress(content, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    smallest = min(len(gzipped), len(content))
    return Forms(
        gzip=gzipped if len(gzipped) < len(content) else None,
        brotli=brotlied if len(brotlied) < smallest else None,
    )


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(GZIP_LEVEL, wbits=GZIP_FORMAT)
    return packer.compress(content) + packer.flush()


def _compressed(contents: list[bytes]) -> dict[bytes, Forms]:
    # Both compressors let other threads run meanwhile; in batches, for handing one page over costs a tenth of it.
    batches = [contents[start : start + BATCH] for start in range(0, len(contents), BATCH)]
    with ThreadPoolExecutor(TOGETHER) as pool:
        done = pool.map(lambda batch: [(content, forms_of(content)) for content in batch], batches)
        return {content: forms for batch in done for content, forms in batch}


def _siblings(name: str, forms: Forms | None) -> Iterable[tuple[str, bytes]]:
    if forms is not None and forms.gzip is not None:
        yield f"{name}.gz", forms.gzip
    if forms is not None and forms.brotli is not None:
        yield f"{name}.br", forms.brotli
