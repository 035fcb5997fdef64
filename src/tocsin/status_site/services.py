"""Publishes the site: facts → pages → targets, and a note of what the pages said from then on.

The first target is the folder on this machine: a publication is over once it shows it. All others are served by
couriers of their own, which nobody waits for.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.services import record_page
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.clock import format_moment
from tocsin.kernel.errors import ConfigurationError, DeliveryError
from tocsin.kernel.plugins import load_plugins
from tocsin.plugins.targets.settings import TARGETS, TargetSettings, target_settings
from tocsin.plugins.targets.states import TargetBoard, TargetState
from tocsin.status_site import queries
from tocsin.status_site.compression import Press
from tocsin.status_site.couriers import Courier
from tocsin.status_site.exports import render_exports
from tocsin.status_site.frame import rendered
from tocsin.status_site.ports import Addresses, Files, Publication, Target, TargetFactory
from tocsin.status_site.reading_back import STAMP
from tocsin.status_site.rendering import Standing, render_pages
from tocsin.status_site.rules.facts import Facts, shown_states

HERE = "folder"
"""The kind of the first target, which is always there."""

HEARTBEAT = "heartbeat.json"


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What a publication did: the version shown, how many files it holds, how many changed, and how long it took.

    Compressed forms are not counted; `steps_ms` tells where the time went. `is_news` says whether the pages say
    something else than before (times aside); `is_stale` whether they say that nobody has looked lately.
    """

    version: int
    files: int
    changed: int
    is_news: bool
    is_stale: bool
    duration_ms: float
    steps_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Site:
    """A site being published: what it is made of, where it goes, and what is kept between two publications."""

    pack: Pack
    procedures: Mapping[str, Procedure]
    templates: Templates
    addresses: Addresses
    targets: tuple[Target, ...]
    couriers: tuple[Courier, ...] = ()
    press: Press = field(default_factory=Press)
    shown: Files = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)

    def render(self, facts: Facts) -> Files:
        """Return every file; what stays true longer than a minute is rendered again only when it changed."""
        return {
            **self.standing.render(facts, templates=self.templates),
            "404.html": self._absent(facts),
            **render_pages(facts, templates=self.templates, addresses=self.addresses),
            **render_exports(facts, templates=self.templates, addresses=self.addresses),
        }

    def _absent(self, facts: Facts) -> bytes:
        site_url = self.addresses.site_url.rstrip("/")
        return rendered("absent", {"site_url": site_url, "is_demonstration": facts.is_demonstration}).encode()


def publish(*, now: datetime, is_replay: bool = False) -> PublishReport:
    """Render what the pages must say at `now` and show it; note in the database when they say something new.

    Raises `DeliveryError` when a target cannot take the site, after the others have it; its readers then still see
    the version before, which says itself until when it is valid.
    """
    return publish_site(configured_site(), now=now, is_replay=is_replay)


def publish_site(site: Site, *, now: datetime, is_replay: bool = False) -> PublishReport:
    """Publish this very site; `publish` does it with the configured one."""
    steps = Steps()
    facts = queries.facts(now=now, pack=site.pack, procedures=site.procedures, is_replay=is_replay)
    steps.done("facts")
    version = int(now.timestamp())
    files = site.render(facts)
    files |= stamps(files, facts, version=version)
    steps.done("render")
    publication = Publication(version, site.press.packed(files), now)
    steps.done("compress")
    refusals = _handed_over(site, publication)
    steps.done("write")
    report = PublishReport(
        version=version,
        files=len(files),
        changed=sum(1 for name, content in files.items() if site.shown.get(name) != content),
        is_news=len(refusals) < len(site.targets) and _is_news(facts, version),
        is_stale=facts.is_stale,
        duration_ms=steps.all_ms,
        steps_ms=steps.took_ms,
    )
    for courier in site.couriers:
        courier.hand(publication)
    if refusals:
        raise refusals[0]
    site.shown = files
    return report


def stamps(files: Mapping[str, bytes], facts: Facts, *, version: int) -> Files:
    """Return the files that tell monitors and read-back what is shown: its version, and that somebody is at work."""
    digest = hashlib.blake2b(digest_size=16)
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    looked = None if facts.checked_at is None else format_moment(facts.checked_at)
    common = {"version": version, "published_at": format_moment(facts.now), "checked_at": looked}
    stamp = common | {
        "valid_until": format_moment(facts.valid_until),
        "files": len(files),
        "hash": digest.hexdigest(),
    }
    sent_at = None if facts.own is None or facts.own.sent_at is None else format_moment(facts.own.sent_at)
    waiting = None if facts.own is None else facts.own.waiting
    beat = common | {"is_demonstration": facts.is_demonstration, "sent_at": sent_at, "waiting": waiting}
    return {STAMP: _json(stamp), HEARTBEAT: _json(beat)}


@dataclass(slots=True)
class Steps:
    """A stopwatch with laps."""

    took_ms: dict[str, float] = field(default_factory=dict)
    _since_s: float = field(default_factory=time.perf_counter)

    def done(self, name: str) -> None:
        """Note how long the step that ends now took."""
        now_s = time.perf_counter()
        self.took_ms[name] = round((now_s - self._since_s) * 1000, 1)
        self._since_s = now_s

    @property
    def all_ms(self) -> float:
        """How long all steps took so far."""
        return sum(self.took_ms.values())


def _is_news(facts: Facts, version: int) -> bool:
    return record_page(
        at=facts.now,
        version=version,
        states=shown_states(facts),
        incidents=[incident.id for incident in facts.incidents if incident.is_open],
    )


def _handed_over(site: Site, publication: Publication) -> list[DeliveryError]:
    # One target's trouble keeps the pages from none of the others.
    refusals: list[DeliveryError] = []
    for target in site.targets:
        try:
            target.publish(publication.files, version=publication.version)
        except DeliveryError as error:
            refusals.append(error)
    return refusals


@cache
def configured_site() -> Site:
    """Return the site as configured: its content pack, the folder it is shown in, and the targets beyond."""
    configuration = settings.CONFIGURATION
    folder: Path = pack_folder(configuration.pack)
    pack = load_pack(folder)
    kinds = target_kinds()
    board = TargetBoard(configuration.data_folder)
    return Site(
        pack=pack,
        procedures=load_procedures(folder, pack),
        templates=load_templates(folder),
        addresses=Addresses(site_url=configuration.site_url, base_url=configuration.base_url),
        targets=(kinds[HERE](_here(configuration)),),
        couriers=tuple(
            _courier(one, kinds, board.report)
            for one in target_settings(configuration.targets, configuration.data_folder)
        ),
    )


def target_kinds() -> dict[str, TargetFactory]:
    """Return every kind of target there is; raises `ConfigurationError` without the one that all others rest on."""
    kinds = load_plugins(TARGETS)
    if HERE not in kinds:
        raise ConfigurationError(
            "site.no_target",
            "There is nowhere to publish the pages.",
            where=TARGETS,
            hint="Install Tocsin again: its own target is registered with the package.",
        )
    return kinds


def _here(configuration: Any) -> TargetSettings:
    place: Path = configuration.site_folder
    return TargetSettings("here", HERE, configuration.data_folder, options={"folder": str(place.absolute())})


def _courier(
    wanted: TargetSettings, kinds: Mapping[str, TargetFactory], report: Callable[[TargetState], object]
) -> Courier:
    wanted.require_kind(kinds)
    build = kinds[wanted.kind]
    return Courier(
        name=wanted.name,
        kind=wanted.kind,
        build=lambda: build(wanted),
        report=report,
        url=wanted.url,
        limit_s=float(wanted.number("limit_s", 60)),
    )


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
