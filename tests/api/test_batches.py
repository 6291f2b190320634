"""How callers share a question, without a database."""

import asyncio
import threading
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from backends import until
from batches import ROOM, Batches, UnavailableError


class Source:
    """Something slow that counts how it is asked, and whose value changes with every question."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fault: Exception | None = None

    def work(self, keys: list[int]) -> dict[int, tuple[int, int]]:
        self.questions.append(keys)
        number = len(self.questions)
        self.gate.wait(5)
        if self.fault:
            raise self.fault
        return {key: (key, number) for key in keys if key < 100}


def batches(source: Source, threads: int = 1, most: int = 100, seconds: float = 3) -> Batches[int, tuple[int, int]]:
    """Return batches under a name of their own."""
    return Batches(f"test-{time.monotonic_ns()}", source.work, threads, most, seconds)


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a story, for ten seconds at most."""
    asyncio.run(asyncio.wait_for(story, 10))


async def asked(source: Source, questions: int) -> None:
    """Wait until so many questions have been asked."""
    await asyncio.to_thread(until, lambda: len(source.questions) == questions, "the questions")


def test_who_comes_alone_is_asked_for_alone_and_at_once() -> None:
    """No waiting for company."""
    source = Source()

    async def story() -> None:
        shared = batches(source)
        assert await shared.ask(7) == (7, 1)
        assert await shared.ask(100) is None
        shared.close()

    run(story())
    assert source.questions == [[7], [100]]


def test_who_waits_shares_the_next_question_and_never_an_old_answer() -> None:
    """What a caller gets was asked for after the caller came: this is no cache."""
    source = Source()

    async def story() -> None:
        shared = batches(source)
        source.gate.clear()
        first = asyncio.ensure_future(shared.ask(1))
        await asked(source, 1)
        later = [asyncio.ensure_future(shared.ask(key)) for key in (1, 2, 1, 3)]
        await asyncio.sleep(0)
        source.gate.set()
        assert await first == (1, 1)
        assert await asyncio.gather(*later) == [(1, 2), (2, 2), (1, 2), (3, 2)]
        shared.close()

    run(story())
    assert source.questions == [[1], [1, 2, 3]]


def test_no_more_threads_and_no_larger_batches_than_allowed() -> None:
    """One a batch means a question for each."""
    source = Source()

    async def story() -> None:
        shared = batches(source, threads=2, most=1)
        source.gate.clear()
        callers = [asyncio.ensure_future(shared.ask(key)) for key in range(6)]
        await asked(source, 2)
        await asyncio.sleep(0.05)
        assert source.questions == [[0], [1]]
        source.gate.set()
        assert [answer and answer[0] for answer in await asyncio.gather(*callers)] == list(range(6))
        shared.close()

    run(story())
    assert sorted(source.questions) == [[key] for key in range(6)]


def test_nobody_waits_longer_than_promised_and_the_queue_is_bounded() -> None:
    """Also not behind a thread that hangs; who finds the room full hears so at once."""
    source = Source()

    async def story() -> None:
        shared = batches(source, seconds=1)
        source.gate.clear()
        began = time.monotonic()
        callers = [asyncio.ensure_future(shared.ask(key % 50)) for key in range(ROOM + 1)]
        await asyncio.sleep(0.1)
        with pytest.raises(UnavailableError):
            await shared.ask(1)
        # At once: the others are still waiting.
        assert not any(caller.done() for caller in callers)
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert {type(answer) for answer in answers} == {UnavailableError}
        assert time.monotonic() - began >= 1
        source.gate.set()
        assert await shared.ask(1) == (1, 2)
        shared.close()

    run(story())
    # Who had given up was not asked for.
    assert source.questions == [[0], [1]]


def test_who_hangs_up_is_not_asked_for() -> None:
    """Nor does it disturb the others."""
    source = Source()

    async def story() -> None:
        shared = batches(source)
        source.gate.clear()
        callers = [asyncio.ensure_future(shared.ask(key)) for key in (1, 2, 3)]
        await asked(source, 1)
        callers[0].cancel()
        callers[1].cancel()
        await asyncio.sleep(0)
        source.gate.set()
        assert await callers[2] == (3, 2)
        shared.close()

    run(story())
    assert source.questions == [[1], [3]]


@pytest.mark.parametrize("fault", [UnavailableError(), ValueError("a bug")])
def test_a_fault_is_everybodys_in_the_batch_and_nobody_elses(fault: Exception) -> None:
    """The next question finds a free thread."""
    source = Source()

    async def story() -> None:
        shared = batches(source)
        source.fault = fault
        answers = await asyncio.gather(shared.ask(1), shared.ask(2), return_exceptions=True)
        assert [type(answer) for answer in answers] == [type(fault)] * 2
        source.fault = None
        assert await shared.ask(4) == (4, 3)
        shared.close()

    run(story())
