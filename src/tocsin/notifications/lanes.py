"""Several lanes for each channel: threads that hand messages over while the worker's own thread minds the database.

A lane has a channel instance of its own and touches no database. It writes into the worker's journal what it begins
and what was accepted, and hands the outcome back.
"""

import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.kernel.errors import DeliveryError
from tocsin.notifications.circuits import Circuits, host_of
from tocsin.notifications.journal import Journal
from tocsin.notifications.leasing import Taken
from tocsin.notifications.ports import UNREACHABLE, Channel
from tocsin.notifications.rules.model import Message

log = logging.getLogger(__name__)

CLOSE_AFTER_S = 20.0
"""A lane without work lets go of its connection."""

RING_AT = 100
"""Outcomes that wake the worker before its time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message: sent, an error, or (`wait_s`) not begun because its receiver is left alone."""

    taken: Taken
    error: DeliveryError | None = None
    wait_s: float = 0.0


class Outcomes:
    """What lanes hand back, and a descriptor that becomes readable when the worker should look."""

    def __init__(self) -> None:
        """Open the pipe."""
        self._done: deque[Outcome] = deque()
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """Return the descriptor for `select`."""
        return self._reader

    def add(self, outcome: Outcome, *, is_last: bool) -> None:
        """Hand one back; ring when it is the last for now, or when there are many."""
        self._done.append(outcome)
        if is_last or len(self._done) % RING_AT == 0:
            self.ring()

    def ring(self) -> None:
        """Wake the worker."""
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:
            return  # it has not looked since the last thousands of rings

    def take(self) -> list[Outcome]:
        """Return all there are."""
        try:
            while os.read(self._reader, 4096):
                continue
        except BlockingIOError:
            pass
        found = []
        while self._done:
            found.append(self._done.popleft())
        return found

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._reader)
        os.close(self._writer)


type Job = tuple[Taken, Message]


class Lanes:
    """The lanes of one channel."""

    def __init__(self, build: Callable[[], Channel], *, count: int, journal: Journal, outcomes: Outcomes) -> None:
        """Start them."""
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._journal, self._outcomes = journal, outcomes
        self._circuits = Circuits(at_once=count - 2)
        self.is_paused = False
        self._threads = [
            threading.Thread(target=self._run, args=(build(),), daemon=True, name=f"lane-{n}") for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, job: Job) -> None:
        """Have a message handed over."""
        self._jobs.put(job)

    def backlog(self) -> int:
        """Return how many messages wait for a lane."""
        return self._jobs.qsize()

    def stop(self, *, within_s: float) -> None:
        """Finish what is being handed over, give the rest back, and end."""
        self.is_paused = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(within_s)

    def _run(self, channel: Channel) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=CLOSE_AFTER_S)
            except queue.Empty:
                channel.close()
                continue
            if job is None:
                channel.close()
                return
            outcome = self._hand_over(channel, *job)
            self._outcomes.add(outcome, is_last=self._jobs.empty())

    def _hand_over(self, channel: Channel, taken: Taken, message: Message) -> Outcome:
        host = host_of(message.recipient)
        wait_s = 1.0 if self.is_paused else self._circuits.enter(host)
        if wait_s:
            return Outcome(taken, wait_s=wait_s)
        self._journal.begin(taken.id)
        error = attempt(channel, message)
        if error is None:
            self._journal.sent(taken.id)
        self._circuits.leave(host, failed=error is not None and not error.permanent)
        if error is not None and error.code == UNREACHABLE:
            self.is_paused = True
        return Outcome(taken, error)


def attempt(channel: Channel, message: Message) -> DeliveryError | None:
    """Hand one message to its channel; return what went wrong, None when it was accepted."""
    try:
        channel.deliver(message)
    except DeliveryError as error:
        return error
    except Exception as error:  # a plug-in's own fault must not stop everybody else's messages
        log.exception("a channel failed in a way it does not declare")
        return DeliveryError("channel.fault", f"{type(error).__name__} in the channel.", permanent=False)
    return None
