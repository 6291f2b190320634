"""Several things at once, each in a process of its own: what comes of them, and of those that go wrong."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.side_by_side import side_by_side


def test_all_are_at_work_at_the_same_time_and_answer_in_their_order() -> None:
    together = multiprocessing.get_context("fork").Barrier(3)

    def work(item: int) -> tuple[int, int]:
        together.wait(20)
        return item * 2, os.getpid()

    results = side_by_side(work, [3, 1, 2])
    assert [result for result, _ in results] == [6, 2, 4]
    assert len({pid for _, pid in results} | {os.getpid()}) == 4


def test_one_that_is_alone_needs_no_process() -> None:
    assert side_by_side(lambda _: os.getpid(), ["x"]) == [os.getpid()]
    assert side_by_side(lambda _: os.getpid(), []) == []


def test_every_error_is_told() -> None:
    def work(item: str) -> str:
        if item == "good":
            return item
        raise UserError(f"{item} is wrong")

    with pytest.raises(UserError, match=r"^a is wrong\nb is wrong$"):
        side_by_side(work, ["a", "good", "b"])


def test_a_fault_of_the_program_is_none_of_the_users() -> None:
    def work(item: int) -> float:
        return 1 / item

    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        side_by_side(work, [1, 0])


def test_one_that_is_killed_is_told() -> None:
    def work(item: int) -> int:
        if item:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    with pytest.raises(UserError, match="It was killed while it was at work: run it again"):
        side_by_side(work, [0, 1])
