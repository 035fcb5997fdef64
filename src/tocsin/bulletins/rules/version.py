"""Which text it is: two drafts of one id that read alike have one version, and any word changed makes another."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from tocsin.bulletins.rules.model import Bulletin

LENGTH = 16
"""Sixty-four bits tell a bulletin's drafts apart beyond doubt, and fit into a text message's link."""


def content_version(bulletin: Bulletin) -> str:
    """Return a name for all that a bulletin tells whom; when it was drafted, and its number, do not count."""
    told: dict[str, Any] = {
        "kind": bulletin.kind,
        "state": bulletin.state.value,
        "functions": bulletin.functions,
        "audiences": bulletin.audiences,
        "packages": bulletin.packages,
        "regions": bulletin.regions,
        "next_update_at": bulletin.next_update_at and bulletin.next_update_at.isoformat(),
        "is_drill": bulletin.is_drill,
        "is_silent": bulletin.is_silent,
        "texts": {audience: asdict(text) for audience, text in bulletin.texts.items()},
    }
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:LENGTH]
