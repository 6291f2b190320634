"""How callers share a question, without a database."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Coroutine, Iterable
from typing import Any

import pytest

from backends import until
from batches import ROOM, Batches, UnavailableError


class Source:
    """Something slow that counts how it is asked, and whose value changes with every question."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds
        self.broken: set[int] = set()
        self.questions: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fault: Exception | None = None

    def work(self, keys: list[int]) -> dict[int, tuple[int, int]]:
        self.questions.append(keys)
        number = len(self.questions)
        self.gate.wait(5)
        time.sleep(self.seconds)
        if self.fault or self.broken & set(keys):
            raise self.fault or UnavailableError
        return {key: (key, number) for key in keys if key < 100}


def batches(
    source: Source, threads: int = 1, most: int = 100, seconds: float = 3, keys: int | None = None
) -> Batches[int, tuple[int, int]]:
    """Return batches under a name of their own."""
    return Batches(f"test-{time.monotonic_ns()}", source.work, threads, most, seconds, keys)


async def in_time(callers: Iterable[Awaitable[Any]]) -> int:
    """Wait for all of them and return how many got an answer."""
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert {type(one) for one in answers} <= {tuple, UnavailableError}
    return sum(isinstance(one, tuple) for one in answers)


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


def test_who_has_been_begun_with_may_wait_for_the_answer() -> None:
    """Longer than for its turn: it is on its way. Who has no turn by then hears so."""
    source = Source(0.6)

    async def story() -> None:
        shared: Batches[int, tuple[int, int]] = Batches(f"test-{time.monotonic_ns()}", source.work, 1, 1, 0.3, 1, 2)
        answers = await asyncio.gather(*(shared.ask(key) for key in range(3)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [tuple, UnavailableError, UnavailableError]
        shared.close()

    run(story())
    assert source.questions == [[0]]


def test_a_thread_that_hangs_is_waited_for_no_longer_than_promised() -> None:
    """Its caller hears so; its answer, when there is one, is nobody's."""
    source = Source()

    async def story() -> None:
        shared: Batches[int, tuple[int, int]] = Batches(f"test-{time.monotonic_ns()}", source.work, 1, 1, 0.3, 1, 0.5)
        source.gate.clear()
        with pytest.raises(UnavailableError):
            await shared.ask(0)
        source.gate.set()
        assert await shared.ask(1) == (1, 2)
        shared.close()

    run(story())


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


def test_one_key_a_question_is_shared_by_all_who_want_it() -> None:
    """In the order in which the keys were first asked for."""
    source = Source()

    async def story() -> None:
        shared = batches(source, keys=1)
        source.gate.clear()
        first = asyncio.ensure_future(shared.ask(1))
        await asked(source, 1)
        later = [asyncio.ensure_future(shared.ask(key)) for key in (2, 1, 2, 3, 1)]
        await asyncio.sleep(0)
        source.gate.set()
        assert await first == (1, 1)
        assert await asyncio.gather(*later) == [(2, 2), (1, 3), (2, 2), (3, 4), (1, 3)]
        shared.close()

    run(story())
    assert source.questions == [[1], [2], [1], [3]]


@pytest.mark.parametrize("broken", [{0}, {50}, {20, 40, 60, 80}])
def test_one_that_fails_fails_only_itself(broken: set[int]) -> None:
    """Whoever waits beside it, before it or after it gets an answer."""
    source = Source()
    source.broken = broken

    async def story() -> None:
        shared = batches(source, threads=2, keys=1)
        answers = await asyncio.gather(*(shared.ask(key) for key in range(99)), return_exceptions=True)
        assert {key for key, answer in enumerate(answers) if isinstance(answer, UnavailableError)} == broken
        shared.close()

    run(story())


@pytest.mark.parametrize(("seconds", "crowd", "least"), [(0.05, 202, 100), (0.1, 99, 45), (0.02, 600, 200)])
def test_a_burst_of_different_keys_is_answered_as_far_as_time_allows(seconds: float, crowd: int, least: int) -> None:
    """Each as soon as its answer is there; when the time is over, nothing is left to be worked off."""
    source = Source(seconds)

    async def story() -> None:
        shared = batches(source, threads=2, keys=1)
        assert await in_time(shared.ask(-key) for key in range(crowd)) >= least
        before = len(source.questions)
        began = time.monotonic()
        assert await shared.ask(1)
        assert time.monotonic() - began < 1
        assert len(source.questions) - before <= 3
        shared.close()

    run(story())


def test_steady_load_beyond_what_can_be_answered_is_answered_as_far_as_it_can() -> None:
    """Twice as many come as can be answered: if they were served in their order, each would be served too late."""
    source = Source(0.05)

    async def story() -> None:
        shared = batches(source, threads=1, seconds=1, keys=1)
        callers = []
        for key in range(160):
            callers.append(asyncio.ensure_future(shared.ask(-key)))
            await asyncio.sleep(0.025)
        # Of 20 a second in 4 seconds; what begins for one whose time then ends is lost.
        assert await in_time(callers) > 60
        began = time.monotonic()
        assert await shared.ask(1)
        assert time.monotonic() - began < 0.5
        shared.close()

    run(story())


def test_whom_a_client_left_behind_is_not_asked_for() -> None:
    """Its request has not ended, but nobody would hear the answer."""
    source = Source()
    gone: set[int] = set()

    async def story() -> None:
        shared = batches(source, keys=1)
        source.gate.clear()
        callers = [asyncio.ensure_future(shared.ask(key, lambda key=key: key in gone)) for key in range(6)]
        await asked(source, 1)
        gone.update({0, 1, 3, 4})
        source.gate.set()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        # The first had been asked for already.
        assert [key for key, answer in enumerate(answers) if isinstance(answer, UnavailableError)] == [1, 3, 4]
        shared.close()

    run(story())
    assert source.questions == [[0], [2], [5]]
