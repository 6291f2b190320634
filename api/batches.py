"""Many callers, few questions: who waits while the database works shares the next question."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Generic, TypeVar

import metrics

# Enough for every connection that an Ingress holds; what comes beyond would wait in vain.
ROOM: Final = 1000

Key = TypeVar("Key")
Answer = TypeVar("Answer")


class UnavailableError(Exception):
    """No answer can be had now; the log says why, the client is not told."""


class Batches(Generic[Key, Answer]):
    """Answers callers by `work`, a function that blocks and takes the keys that are asked for.

    A question starts at once while fewer than `threads` are under way. Whoever comes later waits, and all who wait are
    answered together when a thread is free: the busier the API, the larger the batches. Nothing is kept, so this is no
    cache: what a caller gets was read after the caller asked.
    """

    def __init__(
        self, name: str, work: Callable[[list[Key]], Mapping[Key, Answer]], threads: int, most: int, seconds: float
    ) -> None:
        """Ask for at most `most` keys at a time, and let no caller wait for longer than `seconds`."""
        self._work = work
        self._free = threads
        self._most = most
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(threads, name)
        self._waiting: list[tuple[Key, asyncio.Future[Answer | None]]] = []
        # In the order of their deadlines, which is the order in which they came.
        self._patience: deque[tuple[float, asyncio.Future[Answer | None]]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._sizes = metrics.BATCH.labels(name)
        metrics.WAITING.labels(name).set_function(lambda: len(self._waiting))

    async def ask(self, key: Key) -> Answer | None:
        """Return the answer, None if there is none for this key; raise UnavailableError when it takes too long."""
        if len(self._waiting) >= ROOM:
            raise UnavailableError
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer | None] = loop.create_future()
        self._waiting.append((key, future))
        self._patience.append((loop.time() + self._seconds, future))
        if self._alarm is None:
            self._alarm = loop.call_later(self._seconds, self._give_up)
        self._start()
        return await future

    def _give_up(self) -> None:
        """End the waiting of those whose time is over: one timer for all costs less than one for each."""
        loop = asyncio.get_running_loop()
        while self._patience and self._patience[0][0] <= loop.time():
            _, future = self._patience.popleft()
            if not future.done():
                future.set_exception(UnavailableError())
        # They may not take room from others while a thread hangs.
        self._waiting = [(key, future) for key, future in self._waiting if not future.done()]
        self._alarm = loop.call_at(self._patience[0][0], self._give_up) if self._patience else None

    def _start(self) -> None:
        """Give the waiting to the free threads."""
        while self._free and self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            # Who has given up meanwhile, or hung up, is not asked for.
            batch = [(key, future) for key, future in batch if not future.done()]
            if not batch:
                continue
            self._free -= 1
            self._sizes.observe(len(batch))
            keys = list({key: None for key, _ in batch})
            done = asyncio.get_running_loop().run_in_executor(self._threads, self._work, keys)
            done.add_done_callback(partial(self._finish, batch))

    def _finish(
        self, batch: list[tuple[Key, asyncio.Future[Answer | None]]], done: asyncio.Future[Mapping[Key, Answer]]
    ) -> None:
        """Hand out the answers, then start what came meanwhile."""
        self._free += 1
        while self._patience and self._patience[0][1].done():
            self._patience.popleft()
        error = done.exception()
        for key, future in batch:
            if future.done():
                continue
            if error is None:
                future.set_result(done.result().get(key))
            else:
                # An exception of its own for each: raising one that is shared would let its traceback grow.
                future.set_exception(UnavailableError() if isinstance(error, UnavailableError) else error)
        self._start()

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
