"""Reads a target back: it must show what it was given, in its own place and at the address that readers use."""

import json
import time
from typing import Any

import httpx

from tocsin.kernel.errors import DeliveryError
from tocsin.status_site.ports import Publication, Target

STAMP = "version.json"
"""The file that says which version a place shows."""

ANSWERS_WITHIN_S = 10.0

BEHIND_S = 300
"""A cache may stand between us and what we published: older than this no reader may be shown anything."""


def check_place(target: Target, publication: Publication) -> str:
    """Return what is wrong with what the target's own place holds; an empty text when nothing is."""
    for name in (STAMP, _sample(publication)):
        if target.read(name) != publication.files[name]:
            return f"It took version {publication.version}, but reading {name} back gave something else."
    return ""


def check_address(url: str, publication: Publication) -> str:
    """Return what is wrong with what readers get at the address; an empty text when nothing is, or there is none.

    Raises `DeliveryError` when it does not answer.
    """
    if not url:
        return ""
    shown = _shown_version(_fetched(f"{url.rstrip('/')}/{STAMP}"))
    if shown is None:
        return f"{url}/{STAMP} does not say which version it shows."
    if shown < publication.version:
        late = publication.version - shown > BEHIND_S
        return f"{url} still shows version {shown}." if late else ""
    name = _sample(publication)
    if shown == publication.version and _fetched(f"{url.rstrip('/')}/{name}") != publication.files[name]:
        # A newer version may have come in between the two: only a stamp that stays makes it a fault.
        again = _shown_version(_fetched(f"{url.rstrip('/')}/{STAMP}"))
        return f"{url}/{name} is not the page of version {shown}." if again == shown else ""
    return ""


def _sample(publication: Publication) -> str:
    pages = sorted(name for name in publication.files if name.endswith(".html"))
    return pages[publication.version % len(pages)] if pages else STAMP


def _shown_version(content: bytes) -> int | None:
    try:
        stamp: Any = json.loads(content)
        return int(stamp["version"])
    except (ValueError, KeyError, TypeError):
        return None


def _fetched(address: str) -> bytes:
    # A query of its own keeps a cache in between from answering for the place itself.
    try:
        answer = httpx.get(address, timeout=ANSWERS_WITHIN_S, params={"read-back": time.time_ns()})
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise DeliveryError(
            "site.unreadable", f"Its address does not answer: {error}.", permanent=False, where=address
        ) from error
    return answer.content
