"""Many callers, few questions: who waits while the database works shares the next question."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

import metrics

# Enough for every connection that an Ingress holds; what comes beyond would wait in vain.
ROOM: Final = 1000

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class UnavailableError(Exception):
    """No answer can be had now; the log says why, the client is not told."""


def stays() -> bool:
    """Say of a caller who cannot hang up that it has not."""
    return False


@dataclass(slots=True, eq=False)
class Caller(Generic[Key, Answer]):
    """Who waits for the answer to a key, until when somebody must have begun with it, and whether it has hung up."""

    key: Key
    future: asyncio.Future[Answer | None]
    deadline: float
    has_left: Callable[[], bool]
    begun: bool = False

    def fail(self, error: BaseException) -> None:
        """Raise the error where the caller waits, if it still does."""
        if not self.future.done():
            self.future.set_exception(error)

    def is_waiting(self) -> bool:
        """Say whether an answer is still of use; of no use to one who has hung up."""
        if not self.future.done() and self.has_left():
            self.fail(UnavailableError())
        return not self.future.done()


class Batches(Generic[Key, Answer]):
    """Answers callers by `work`, a function that blocks and takes the keys that are asked for.

    A question starts at once while fewer than `threads` are under way. Whoever comes later waits, and all who wait are
    answered together when a thread is free, as far as one question can hold their keys: the busier the API, the larger
    the batches. Nothing is kept, so this is no cache: what a caller gets was read after the caller asked.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[Key]], Mapping[Key, Answer]],
        threads: int,
        most: int,
        seconds: float,
        keys: int | None = None,
        work_seconds: float | None = None,
    ) -> None:
        """Answer at most `most` callers and `keys` keys by one question.

        Nobody waits longer than `seconds` for the question, nor than `work_seconds` (else as long) for its answer.
        """
        self._work = work
        self._free = threads
        self._most = most
        self._keys = keys or most
        self._seconds = seconds
        self._work_seconds = work_seconds or seconds
        self._threads = ThreadPoolExecutor(threads, name)
        self._waiting: list[Caller[Key, Answer]] = []
        # In the order of their deadlines, which is the order in which they came.
        self._patience: deque[Caller[Key, Answer]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._sizes = metrics.BATCH.labels(name)
        metrics.WAITING.labels(name).set_function(lambda: len(self._waiting))

    async def ask(self, key: Key, has_left: Callable[[], bool] = stays) -> Answer | None:
        """Return the answer, None if there is none for this key; raise UnavailableError when it takes too long."""
        if len(self._waiting) >= ROOM:
            raise UnavailableError
        loop = asyncio.get_running_loop()
        caller: Caller[Key, Answer] = Caller(key, loop.create_future(), loop.time() + self._seconds, has_left)
        self._waiting.append(caller)
        self._patience.append(caller)
        if self._alarm is None:
            self._alarm = loop.call_later(self._seconds, self._give_up)
        self._start()
        return await caller.future

    def _give_up(self) -> None:
        """End the waiting of those whose turn has not come in time: one timer for all costs less than one for each."""
        loop = asyncio.get_running_loop()
        while self._patience and (self._patience[0].begun or self._patience[0].deadline <= loop.time()):
            caller = self._patience.popleft()
            if not caller.begun:
                caller.fail(UnavailableError())
        # They may not take room from others while a thread hangs.
        self._waiting = [caller for caller in self._waiting if not caller.future.done()]
        self._alarm = loop.call_at(self._patience[0].deadline, self._give_up) if self._patience else None

    def _start(self) -> None:
        """Give the waiting to the free threads."""
        while self._free and (batch := self._next()):
            self._free -= 1
            self._sizes.observe(len(batch))
            keys = list({caller.key: None for caller in batch})
            loop = asyncio.get_running_loop()
            hung = loop.call_later(self._work_seconds, self._fail, batch)
            done = loop.run_in_executor(self._threads, self._work, keys)
            done.add_done_callback(partial(self._finish, batch, hung))

    def _fail(self, batch: list[Caller[Key, Answer]]) -> None:
        """End the waiting for a thread that hangs."""
        for caller in batch:
            caller.fail(UnavailableError())

    def _next(self) -> list[Caller[Key, Answer]]:
        """Take those whom the next question answers out of the queue, and with them all that nobody waits for."""
        if late := self._is_late():
            self._waiting.reverse()
        batch: list[Caller[Key, Answer]] = []
        keys: set[Key] = set()
        rest: list[Caller[Key, Answer]] = []
        for caller in self._waiting:
            if len(batch) == self._most or (len(keys) == self._keys and caller.key not in keys):
                rest.append(caller)
            elif caller.is_waiting():
                caller.begun = True
                batch.append(caller)
                keys.add(caller.key)
        if late:
            rest.reverse()
        self._waiting = rest
        return batch

    def _is_late(self) -> bool:
        """Say whether the last come first: where more come than can be answered, the first would all be too late."""
        self._waiting = [caller for caller in self._waiting if not caller.future.done()]
        now = asyncio.get_running_loop().time()
        return bool(self._waiting) and self._waiting[0].deadline - now < self._seconds / 2

    def _finish(
        self, batch: list[Caller[Key, Answer]], hung: asyncio.TimerHandle, done: asyncio.Future[Mapping[Key, Answer]]
    ) -> None:
        """Hand out the answers, then start what came meanwhile."""
        hung.cancel()
        self._free += 1
        while self._patience and self._patience[0].future.done():
            self._patience.popleft()
        error = done.exception()
        for caller in batch:
            if error is not None:
                # An exception of its own for each: raising one that is shared would let its traceback grow.
                caller.fail(UnavailableError() if isinstance(error, UnavailableError) else error)
            elif not caller.future.done():
                caller.future.set_result(done.result().get(caller.key))
        self._start()

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
