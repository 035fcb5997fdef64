"""A worker: one thread for the database, and lanes that hand messages over.

Each turn notes what the lanes did, and in one further transaction writes out what was announced and takes messages for
lanes that run short. Every transaction is short, so that the engine and the console hardly wait for one. Nothing is
asked of the database that nobody has a reason to ask: a knock, a moment gone by, or an answer that left more to do.
Several workers share the outbox; what one of them leaves when it is killed, the next that looks puts in order.
"""

import logging
import select
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Self
from uuid import uuid4

from django.db import transaction

from tocsin.kernel.clock import Clock, SystemClock
from tocsin.kernel.errors import DeliveryError
from tocsin.notifications import journal, leasing
from tocsin.notifications.delivery import Writer, note_failure, note_working
from tocsin.notifications.durability import made_anew_if_lost
from tocsin.notifications.fanout import Due, due, release_quiet, write
from tocsin.notifications.journal import Journal
from tocsin.notifications.lanes import Lanes, Outcome, Outcomes
from tocsin.notifications.leasing import Taken
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.rates import Rate
from tocsin.notifications.storms import send_digests
from tocsin.notifications.wakeup import Doorbell

log = logging.getLogger(__name__)

LANES: Final = {"email": 4, "webpush": 4, "sms": 2, "webhook": 4}
OTHER_LANES: Final = 4

TAKES: Final = 300
"""Messages taken for a channel at a time; half as many left in its lanes' queue, and more are taken."""

NOTES_EVERY_S: Final = 0.02
ASKS_LANES_EVERY_S: Final = 0.05
NOTES_AT: Final = 100
"""Outcomes that are noted before their time."""

GATHERS_S: Final = 0.025
"""After something for few was written out: what comes meanwhile is written out together. The first one never waits."""

LOOKS_EVERY_S: Final = 1.0
TIDIES_EVERY_S: Final = 1.0
EXTENDS_EVERY_S: Final = 30.0
PAUSE_S: Final = 2.0
"""How long a channel is left alone that could not be reached."""

STOPS_WITHIN_S: Final = 6.0


class Worker:
    """Sends what is in the outbox; to be used in a `with` block."""

    def __init__(
        self,
        clock: Clock,
        builders: Mapping[str, Callable[[], Channel]],
        *,
        machine: Clock | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        """Take the domain's clock and, for each channel, what builds one for a lane; `rates` are messages a second."""
        self.holder = uuid4().hex
        self._clock, self._machine = clock, machine or SystemClock()
        self._outcomes, self._journal = Outcomes(), Journal(self.holder)
        self._doorbell = Doorbell(self.holder)
        self._lanes = {
            name: Lanes(build, count=LANES.get(name, OTHER_LANES), journal=self._journal, outcomes=self._outcomes)
            for name, build in builders.items()
        }
        self._rates = {name: Rate(per_second) for name, per_second in (rates or {}).items() if per_second}
        self._writer = Writer(clock)
        self._in_hand: dict[int, None] = {}
        self._resumes: dict[str, float] = {}
        self._tidies_s, self._extends_s = 0.0, time.monotonic() + EXTENDS_EVERY_S
        self._may_be_due, self._may_wait = True, set(builders)
        self._notes_s, self._gathers_until_s = 0.0, 0.0
        self._done: list[Outcome] = []
        self._is_hurried = False

    def __enter__(self) -> Self:
        """Listen for knocks."""
        self._doorbell.__enter__()
        return self

    def __exit__(self, *given: object) -> None:
        """Finish what is under way, note it, and give the rest back."""
        for lanes in self._lanes.values():
            lanes.stop(within_s=STOPS_WITHIN_S)
        self._note(is_last=True)
        if self._in_hand:
            log.warning("%s messages were still under way; their lease runs out", len(self._in_hand))
        else:
            self._journal.close()
        self._doorbell.__exit__(None, None, None)
        self._outcomes.close()

    def turn(self) -> bool:
        """Do once what there is to do; return whether there may be more at once."""
        if self._doorbell.hush():
            self._look_everywhere()
        self._note(is_last=False)
        self._tidy()
        rows = due(self._clock.now()) if self._may_be_due else []
        self._may_be_due = bool(rows)
        is_small = bool(rows) and rows[-1].is_small
        waiting = set[str]() if is_small else self._waiting()  # the first word of an outage waits for no other question
        if not rows and not waiting:
            return False
        is_filled = self._write_and_take(rows, waiting)
        if is_small:
            self._gathers_until_s = time.monotonic() + GATHERS_S
            return False
        return bool(rows) or is_filled

    def wait(self) -> None:
        """Wait until somebody knocks, lanes are done with something, or it is time to look."""
        gathers_s = self._gathers_until_s - time.monotonic()
        if gathers_s > 0:
            time.sleep(gathers_s)
            return
        timeout_s = ASKS_LANES_EVERY_S if self._in_hand else LOOKS_EVERY_S
        select.select([self._doorbell.fileno(), self._outcomes.fileno()], [], [], timeout_s)

    def _look_everywhere(self) -> None:
        self._may_be_due, self._may_wait = True, set(self._lanes)

    def _note(self, *, is_last: bool) -> None:
        fresh = self._outcomes.take()
        self._pause(fresh)
        self._done += fresh
        now_s = time.monotonic()
        if not (is_last or now_s >= self._notes_s or len(self._done) >= NOTES_AT):
            return
        if self._done:
            self._note_all(self._done)
            self._done = []
        elif self._is_hurried and self._in_hand:  # somebody takes long to answer: have the disk know who is asked
            leasing.extend(list(self._in_hand), holder=self.holder, now=self._machine.now())
        else:
            return
        self._notes_s, self._is_hurried = now_s + NOTES_EVERY_S, False

    def _note_all(self, outcomes: Sequence[Outcome]) -> None:
        sent = [each.taken for each in outcomes if each.error is None and not each.wait_s]
        with transaction.atomic():
            for each in outcomes:
                if each.error is not None:
                    note_failure(each.taken, each.error, holder=self.holder, clock=self._clock, machine=self._machine)
            leasing.note_sent([each.id for each in sent], holder=self.holder, now=self._clock.now())
            note_working([each.subscriber for each in sent])
            self._give_back([each for each in outcomes if each.wait_s])
        for each in outcomes:
            self._in_hand.pop(each.taken.id, None)
        if not self._in_hand:
            self._journal.clear()

    def _give_back(self, deferred: Sequence[Outcome]) -> None:
        by_wait: dict[int, list[int]] = {}
        for each in deferred:
            by_wait.setdefault(round(each.wait_s), []).append(each.taken.id)
        for wait_s, ids in by_wait.items():
            due_at = self._machine.now() + timedelta(seconds=max(1, wait_s))
            leasing.put_back(ids, holder=self.holder, due_at=due_at)

    def _pause(self, outcomes: Sequence[Outcome]) -> None:
        for each in outcomes:
            if each.error is not None and each.error.code == UNREACHABLE:
                self._resumes[each.taken.channel] = time.monotonic() + PAUSE_S

    def _waiting(self) -> set[str]:
        """Return the channels that have room and something to send."""
        with_room = {name for name in self._may_wait if self._room(name)}
        found = leasing.waiting(sorted(with_room), now=self._machine.now())
        self._may_wait -= with_room - found
        return found

    def _room(self, name: str) -> int:
        lanes = self._lanes[name]
        if lanes.is_paused:
            if time.monotonic() < self._resumes.get(name, 0.0) or lanes.backlog():
                return 0
            lanes.is_paused = False
        room = TAKES if lanes.backlog() <= TAKES // 2 else 0
        return min(room, self._rates[name].allowed()) if name in self._rates else room

    def _write_and_take(self, rows: Sequence[Due], waiting: set[str]) -> bool:
        """Write out and take in one transaction, then hand over; return whether as much was taken as there is room."""
        now = self._machine.now()
        rooms, taken = dict[str, int](), dict[str, list[Taken]]()
        with made_anew_if_lost():
            written = write(rows, now=self._clock.now(), machine_now=now) if rows else set[str]()
            self._may_wait |= written & self._lanes.keys()
            for name in sorted((waiting | written) & self._lanes.keys()):
                rooms[name] = self._room(name)
                if rooms[name]:
                    taken[name] = leasing.take(name, limit=rooms[name], holder=self.holder, now=now)
        self._is_hurried = True
        self._writer.load([each for some in taken.values() for each in some])
        for name, some in taken.items():
            self._hand_over(name, some)
        return any(len(some) == rooms[name] for name, some in taken.items())

    def _hand_over(self, name: str, taken: Sequence[Taken]) -> None:
        if name in self._rates:
            self._rates[name].use(len(taken))
        for each in taken:
            self._in_hand[each.id] = None
        for each in taken:
            try:
                self._lanes[name].add((each, self._writer.message(each)))
            except DeliveryError as error:
                self._outcomes.add(Outcome(each, error), is_last=True)

    def _tidy(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._tidies_s:
            self._tidies_s = now_s + TIDIES_EVERY_S
            self._look_everywhere()
            release_quiet(self._machine.now())
            send_digests(now=self._clock.now(), machine_now=self._machine.now())
            self._put_in_order()
        if now_s >= self._extends_s:
            self._extends_s = now_s + EXTENDS_EVERY_S
            leasing.extend(list(self._in_hand), holder=self.holder, now=self._machine.now())

    def _put_in_order(self) -> None:
        for name in journal.names():
            if name != self.holder:
                put_in_order(name, clock=self._clock)


def put_in_order(holder: str, *, clock: Clock) -> None:
    """Note what a dead worker sent and free what it held; does nothing while it lives."""
    with journal.left_by(holder) as left:
        if left is None:
            return
        with transaction.atomic():
            held = leasing.held_by(holder)
            leasing.note_sent([each for each in held if each in left.sent], holder=holder, now=clock.now())
            leasing.put_back([each for each in held if each not in left.begun], holder=holder)
            in_doubt = [each for each in held if each in left.begun - left.sent]
            leasing.free(in_doubt, holder=holder)
        log.warning("worker %s died: %s of its messages are free, %s in doubt", holder, len(held), len(in_doubt))


__all__ = ["Worker", "put_in_order"]
