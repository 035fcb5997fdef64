"""Publishes the site: facts → pages → targets, and a note of what the pages said from then on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path

from django.conf import settings

from tocsin.bulletins.queries import load_templates
from tocsin.bulletins.rules.templates import Templates
from tocsin.bulletins.services import record_page
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.catalog.rules.model import Pack
from tocsin.continuity.queries import load_procedures
from tocsin.continuity.rules.model import Procedure
from tocsin.kernel.clock import in_brussels
from tocsin.kernel.errors import ConfigurationError, DeliveryError
from tocsin.kernel.plugins import load_plugins
from tocsin.status_site import queries
from tocsin.status_site.exports import render_exports
from tocsin.status_site.ports import Addresses, Files, Target
from tocsin.status_site.rendering import render_pages, render_standing
from tocsin.status_site.rules.facts import Facts, shown_states

TARGETS = "tocsin.targets"
"""The entry-point group of targets: callables that take the configuration and return a `Target`."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What a publication did: the version shown, how many files it holds and how many changed, and how long it took.

    `is_news` says whether the pages say something else than before (times aside); `is_stale` whether they say that
    nobody has looked lately.
    """

    version: int
    files: int
    changed: int
    is_news: bool
    is_stale: bool
    duration_ms: float


@dataclass(slots=True)
class Site:
    """A site being published: what it is made of, where it goes, and what is kept between two publications."""

    pack: Pack
    procedures: Mapping[str, Procedure]
    templates: Templates
    addresses: Addresses
    targets: tuple[Target, ...]
    standing: Files = field(default_factory=dict)
    standing_for: tuple[date, bool] | None = None

    def render(self, facts: Facts) -> Files:
        """Return every file; procedures are rendered again when the day changes, for legal texts expire by days."""
        wanted = (in_brussels(facts.now).date(), facts.is_replay)
        if self.standing_for != wanted:
            self.standing = render_standing(facts, templates=self.templates)
            self.standing_for = wanted
        return {
            **self.standing,
            **render_pages(facts, templates=self.templates, addresses=self.addresses),
            **render_exports(facts, templates=self.templates, addresses=self.addresses),
        }


def publish(*, now: datetime, is_replay: bool = False) -> PublishReport:
    """Render what the pages must say at `now` and show it; note in the database when they say something new.

    Raises `DeliveryError` when a target cannot take the site, after the others have it; its readers then still see
    the version before, which says itself until when it is valid.
    """
    return publish_site(configured_site(), now=now, is_replay=is_replay)


def publish_site(site: Site, *, now: datetime, is_replay: bool = False) -> PublishReport:
    """Publish this very site; `publish` does it with the configured one."""
    started = time.perf_counter()
    facts = queries.facts(now=now, pack=site.pack, procedures=site.procedures, is_replay=is_replay)
    rendered = site.render(facts)
    version = int(now.timestamp())
    changed, refusals = _handed_over(site, rendered, version)
    is_news = bool(changed) and record_page(
        at=now,
        version=version,
        states=shown_states(facts),
        incidents=[incident.id for incident in facts.incidents if incident.is_open],
    )
    if refusals:
        raise refusals[0]
    return PublishReport(
        version=version,
        files=len(rendered),
        changed=max(changed),
        is_news=is_news,
        is_stale=facts.is_stale,
        duration_ms=(time.perf_counter() - started) * 1000,
    )


def _handed_over(site: Site, rendered: Mapping[str, bytes], version: int) -> tuple[list[int], list[DeliveryError]]:
    # One target's trouble keeps the pages from none of the others.
    changed: list[int] = []
    refusals: list[DeliveryError] = []
    for target in site.targets:
        try:
            changed.append(target.publish(rendered, version=version))
        except DeliveryError as error:
            refusals.append(error)
    return changed, refusals


@cache
def configured_site() -> Site:
    """Return the site as configured: its content pack and the folder it is shown in."""
    configuration = settings.CONFIGURATION
    folder: Path = pack_folder(configuration.pack)
    pack = load_pack(folder)
    return Site(
        pack=pack,
        procedures=load_procedures(folder, pack),
        templates=load_templates(folder),
        addresses=Addresses(site_url=configuration.site_url, base_url=configuration.base_url),
        targets=_configured_targets(configuration),
    )


def _configured_targets(configuration: object) -> tuple[Target, ...]:
    targets = tuple(build(configuration) for build in load_plugins(TARGETS).values())
    if not targets:
        raise ConfigurationError(
            "site.no_target",
            "There is nowhere to publish the pages.",
            where=TARGETS,
            hint="Install Tocsin again: its own target is registered with the package.",
        )
    return targets
