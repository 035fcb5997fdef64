"""What makes the engine's process: the telemetry store it owns, what it learned from history, and the loop."""

import logging
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import close_old_connections
from django.utils import translation

from tocsin.accounts.queries import joined_since
from tocsin.audit.queries import last_seq
from tocsin.bulletins.queries import load_templates
from tocsin.catalog.queries import load_pack, pack_folder
from tocsin.continuity.queries import load_procedures
from tocsin.detection.rules.lookback import lookback
from tocsin.detection.rules.profile import learn
from tocsin.detection.rules.reporting import NEWCOMER_FOR
from tocsin.detection.rules.series import points
from tocsin.detection.services import leave_lookback, save_series
from tocsin.engine.ports import Outcome, Situation
from tocsin.engine.tick import Federation, after, in_force
from tocsin.incidents.queries import hit_spans
from tocsin.kernel.intervals import floor_to
from tocsin.kernel.reasons import Reason
from tocsin.observations.ports import TelemetryStore
from tocsin.observations.rules.rollup import empty
from tocsin.observations.services import drain, prune
from tocsin.plugins.stores.duckdb.store import DuckDBStore
from tocsin.runtime import signs
from tocsin.runtime.credence import credence_at
from tocsin.runtime.engine_loop import EngineLoop, Stages
from tocsin.runtime.live import LiveFederation
from tocsin.runtime.locks import only_one
from tocsin.runtime.maintenance import tell_maintenance
from tocsin.runtime.publisher import Publisher
from tocsin.runtime.replay import Step
from tocsin.runtime.signals import stop_on_signals
from tocsin.runtime.story import sentences
from tocsin.status_site.services import publish
from tocsin.web.reasons import sentence

log = logging.getLogger(__name__)

LEARNS_FROM = timedelta(days=28)
"""Four whole weeks: every hour of the week four times, with its weekday's habits."""

LEARNS_AGAIN_AFTER = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
HAND_OVER_S = 10.0
"""How long to wait for an engine that is just ending, after a restart."""

STORY = "TOCSIN_STORY"
"""Set by `tocsin serve --story`: the engine then tells on standard output what it sees, decides and tells whom."""


def run() -> None:
    """Tick until SIGTERM; raises `ConfigurationError` when another engine runs on the data folder."""
    configuration = settings.CONFIGURATION
    with only_one(configuration.data_folder / "engine.lock", what="An engine", patience_s=HAND_OVER_S):
        store = DuckDBStore(configuration.telemetry)
        try:
            with Publisher(_publish) as publisher:
                sign = partial(signs.leave, configuration.data_folder)
                loop = EngineLoop(settings.CLOCK, LiveFederation(store), stages(store, publisher), sign=sign)
                stop_on_signals(loop.stop)
                loop.run()
        finally:
            store.close()


def stages(store: TelemetryStore, publisher: Publisher) -> Stages:
    """Return what the loop calls around a tick."""
    learning = LearningFederation(store)
    follower = Follower(tells=STORY in os.environ)
    return Stages(
        intake=lambda now: drain(store, now=now),
        federation=learning.at,
        follow=follower,
        publish=publisher.ask,
        acts=last_seq,
        tidy=lambda now: prune(now=now),
    )


def _publish(now: datetime) -> None:
    try:
        publish(now=now, is_replay=settings.CLOCK.is_replay)
        signs.leave(settings.CONFIGURATION.data_folder, "publishing")
    finally:
        close_old_connections()


class LearningFederation:
    """The configured federation; what is usual in it, and whom to believe, is learned anew every day."""

    def __init__(self, store: TelemetryStore) -> None:
        """Read the pack; nothing is learned before it is first asked for."""
        folder = pack_folder(settings.CONFIGURATION.pack)
        pack = load_pack(folder)
        self._store = store
        self._learned_at: datetime | None = None
        self._federation = Federation(
            pack=pack,
            procedures=load_procedures(folder, pack),
            templates=load_templates(folder),
            profile=learn(empty(), pack=pack),
        )

    def at(self, now: datetime) -> Federation:
        """Return the federation with what is known at `now` to be usual."""
        if self._learned_at is None or now - self._learned_at >= LEARNS_AGAIN_AFTER:
            history = self._store.history(now - LEARNS_FROM, now)
            log.info("learning what is usual from %d rows of history", len(history))
            pack = self._federation.pack
            usual = learn(history, pack=pack, troubled=hit_spans(now - LEARNS_FROM, now))
            usual = replace(usual, credence=credence_at(now, pack=pack))
            self._federation = replace(self._federation, profile=usual)
            self._learned_at = now
            leave_lookback(lookback(history, pack=pack, now=now))
        return self._with_newcomers(now)

    def _with_newcomers(self, now: datetime) -> Federation:
        # Who joined since the last lesson must not go for an old hand until tomorrow.
        profile = self._federation.profile
        new = {name: at for name, at in joined_since(now - NEWCOMER_FOR).items() if name not in profile.credence.joined}
        if new:
            credence = replace(profile.credence, joined={**profile.credence.joined, **new})
            self._federation = replace(self._federation, profile=replace(profile, credence=credence))
        return self._federation


class Follower:
    """Hears of every saved tick: tells of maintenance, keeps a point a minute for the charts, and tells the story."""

    def __init__(self, *, tells: bool) -> None:
        """Say whether to tell the story on standard output."""
        self._tells = tells
        self._drawn_at: datetime | None = None

    def __call__(self, situation: Situation, outcome: Outcome, federation: Federation) -> None:
        """Follow one tick."""
        tell_maintenance(outcome.at, pack=federation.pack, templates=federation.templates)
        minute = floor_to(outcome.at, MINUTE)
        if minute != self._drawn_at:
            self._drawn_at = minute
            save_series(points(situation.evidence, pack=federation.pack, profile=federation.profile, now=outcome.at))
        if self._tells:
            _tell(situation, outcome, federation)


def _tell(situation: Situation, outcome: Outcome, federation: Federation) -> None:
    step = Step(
        outcome=outcome,
        previous=situation.previous,
        incidents=after(situation.incidents, outcome.events),
        activations=in_force(situation.activations, outcome.activations),
    )
    with translation.override("en"):
        for line in sentences(step, federation.pack, why=lambda reason: _in_words(reason, federation)):
            sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _in_words(reason: Reason, federation: Federation) -> str:
    return sentence(reason, pack=federation.pack, procedures=federation.procedures)
