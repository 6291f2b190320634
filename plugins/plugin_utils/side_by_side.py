"""Do the same for several things at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from .errors import UserError
from .exit_with_parent import exit_with_parent

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Outcome(Generic[Result]):
    """What one process has to say: its result, what users are told, or the traceback of a fault."""

    results: tuple[Result, ...] = ()
    error: str = ""
    fault: str = ""


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of all items, in their order; one that is alone needs no process.

    Processes and not threads: an action has one connection, one environment of its task and one temporary folder, which
    is why Ansible forks for every task. All are waited for, and what any of them says to users is raised as one
    UserError then: what a build has done until another one fails is kept by its builder.
    """
    todo = list(items)
    if len(todo) == 1:
        return [work(todo[0])]
    forks = multiprocessing.get_context("fork")
    running = []
    for item in todo:
        receives, sends = forks.Pipe(duplex=False)
        process = forks.Process(target=_report, args=(work, item, sends))
        process.start()
        # This end is the fork's alone: when it dies, reading ends.
        sends.close()
        running.append((process, receives))
    outcomes: list[Outcome[Result]] = []
    for process, receives in running:
        try:
            outcomes.append(receives.recv())
        except EOFError:
            outcomes.append(Outcome(error="It was killed while it was at work: run it again"))
        process.join()
    if faults := [one.fault for one in outcomes if one.fault]:
        raise RuntimeError("\n".join(faults))
    if errors := [one.error for one in outcomes if one.error]:
        raise UserError("\n".join(errors))
    return [result for one in outcomes for result in one.results]


def _report(work: Callable[[Item], Result], item: Item, sends: Connection) -> None:
    """In the process of one item."""
    with exit_with_parent():
        try:
            outcome = Outcome((work(item),))
        except UserError as error:
            outcome = Outcome(error=str(error))
        except Exception:
            # Raised again where somebody hears it.
            outcome = Outcome(fault=traceback.format_exc())
        sends.send(outcome)
