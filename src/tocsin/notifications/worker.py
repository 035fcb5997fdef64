"""A worker: one thread for the database, and lanes that hand messages over.

Each turn notes what the lanes did, writes out a part of what was announced, and takes more for lanes that run short.
Every transaction is short, so that the engine and the console hardly wait for one. Several workers share the outbox;
what one of them leaves when it is killed, the next that looks puts in order.
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
from tocsin.notifications import journal, leasing
from tocsin.notifications.delivery import Writer, note_failure, note_working
from tocsin.notifications.fanout import release_quiet, write_out
from tocsin.notifications.journal import Journal
from tocsin.notifications.lanes import Lanes, Outcome, Outcomes
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.rates import Rate
from tocsin.notifications.storms import send_digests
from tocsin.notifications.wakeup import Doorbell

log = logging.getLogger(__name__)

LANES: Final = {"email": 4, "webpush": 4, "sms": 2, "webhook": 4}
OTHER_LANES: Final = 4

TAKES: Final = 300
"""Messages taken for a channel at a time; half as many left in its lanes' queue, and more are taken."""

NOTES_EVERY_S: Final = 0.05
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

    def __enter__(self) -> Self:
        """Listen for knocks."""
        self._doorbell.__enter__()
        return self

    def __exit__(self, *given: object) -> None:
        """Finish what is under way, note it, and give the rest back."""
        for lanes in self._lanes.values():
            lanes.stop(within_s=STOPS_WITHIN_S)
        self._note()
        if self._in_hand:
            log.warning("%s messages were still under way; their lease runs out", len(self._in_hand))
        else:
            self._journal.close()
        self._doorbell.__exit__(None, None, None)
        self._outcomes.close()

    def turn(self) -> bool:
        """Do once what there is to do; return whether there may be more at once."""
        self._doorbell.hush()
        self._note()
        self._tidy()
        is_writing = write_out(self._clock, machine=self._machine)
        took = [self._refill(name, lanes) for name, lanes in self._lanes.items()]
        return is_writing or any(took)

    def wait(self) -> None:
        """Wait until somebody knocks, lanes are done with something, or it is time to look."""
        timeout_s = NOTES_EVERY_S if self._in_hand else LOOKS_EVERY_S
        select.select([self._doorbell.fileno(), self._outcomes.fileno()], [], [], timeout_s)

    def _note(self) -> None:
        outcomes = self._outcomes.take()
        if not outcomes:
            return
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
        self._pause(outcomes)
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

    def _refill(self, name: str, lanes: Lanes) -> bool:
        if lanes.is_paused:
            if time.monotonic() < self._resumes.get(name, 0.0) or lanes.backlog():
                return False
            lanes.is_paused = False
        room = TAKES if lanes.backlog() <= TAKES // 2 else 0
        if name in self._rates:
            room = min(room, self._rates[name].allowed())
        now = self._machine.now()
        if not room or not leasing.is_waiting(name, now=now):
            return False
        taken = leasing.take(name, limit=room, holder=self.holder, now=now)
        if name in self._rates:
            self._rates[name].use(len(taken))
        for each in taken:
            self._in_hand[each.id] = None
            lanes.add((each, self._writer.message(each)))
        return len(taken) == room

    def _tidy(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._tidies_s:
            self._tidies_s = now_s + TIDIES_EVERY_S
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
