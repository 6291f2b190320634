"""One line a stage, what changed, and failures last; with -v everything, as Ansible prints it."""

from __future__ import annotations

import gc
import io
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.executor.task_result import CallbackTaskResult
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.callback.default import CallbackModule as Default
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.console.progress import (
    LONG,
    ONCE,
    History,
    announcement,
    conclusion,
    stage_of,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.diagnostics.failures import told_by
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.files import cache_folder
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.interrupts import pass_on_interrupt
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.progress_line import ProgressLine
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.redaction.hidden_environment import hide
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.answer import shortened

COLLECTION = "fastapi_mysql.k8s"

DOCUMENTATION = """
name: progress
type: stdout
short_description: One line a stage, what changed, and failures last
description:
  - Prints a line for each stage of a run (platform, plan, publish, secret, deploy, rollout, verify, evidence) with the
    time that it took, and, where earlier runs are known, how long it will take and what is left.
  - Prints the name of each task that changed something, differences (C(--diff)), warnings, and what tasks print.
  - A failure is told at once, and again in the last lines, with its cause and what fixes it.
  - With C(-v) or more it prints what the callback C(ansible.builtin.default) prints.
  - On a terminal, a line that is drawn over again shows that a long stage moves, how long it took and what is left.
    Elsewhere lines are plain text, and one comes every quarter of a minute.
  - E(APP_DB_PASSWORD), E(DOCKERHUB_TOKEN) and all that is named C(APP_SECRET_…), which lookups read, are hidden from
    all programs that the run starts.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout in configuration
author:
  - fastapi-mysql-k8s
"""


def shade(name: str) -> str:
    """The color that the user has chosen for changes, errors and the like."""
    return str(constants.config.get_config_value(f"COLOR_{name}"))


def preload(action: str) -> bool:
    """Load an action of this collection before its task is forked: every process from then on has it.

    Measured: 0.1 s of CPU for each task, of 15 that a change takes, and for each of many hosts.
    Returns whether it goes on until it is interrupted.
    """
    if action.startswith(f"{COLLECTION}."):
        with suppress(ImportError):
            module = import_module(f"ansible_collections.{COLLECTION}.plugins.action.{action.rpartition('.')[2]}")
            # What it reads for every target alike.
            getattr(module, "preload", lambda: None)()
            return bool(getattr(module, "ENDED_BY_INTERRUPT", False))
    return False


# How much of a failure is told before the end.
HINT = 100


@dataclass
class Failure:
    """What went wrong on which target."""

    host: str
    task: str
    cause: str


class CallbackModule(Default):
    """The callback `progress`."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "fastapi_mysql.k8s.progress"

    def __init__(self) -> None:
        Default.__init__(self)
        self.history = History.load(cache_folder() / "durations.json")
        self.kind = ""
        self.play: Any = None
        self.stages: dict[str, float] = {}
        self.stage = ""
        self.since = time.monotonic()
        self.changed = 0
        self.broken = False
        self.acted = False
        self.failures: list[Failure] = []
        self.end_following: Callable[[], None] = lambda: None
        self.alive = ProgressLine(self._display, sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb")

    @property
    def full(self) -> bool:
        """Whether everything is to be printed."""
        return bool(self._display.verbosity)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Note which kind of run it is: only the same kind takes as long."""
        # What has been read by now stays to the end: neither this process nor its forks need search it for garbage.
        gc.freeze()
        # Before the first worker is forked: what it starts inherits from here.
        hide()
        Default.v2_playbook_on_start(self, playbook)
        options = [f"{name}={context.CLIARGS.get(name)}" for name in ("tags", "skip_tags", "check")]
        self.kind = " ".join([Path(playbook._file_name).name, *options])
        if not self.full:
            self.alive.attach()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Plays have no line of their own."""
        if self.full:
            Default.v2_playbook_on_play_start(self, play)
        self._play = self.play = play

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """Say which play was for nobody."""
        if self.full:
            Default.v2_playbook_on_no_hosts_matched(self)
        else:
            self._display.display(f"– {self.play.get_name()}: for none of these targets", color=shade("SKIP"))

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """A task of another stage ends the one before."""
        self.end_following()
        if preload(task.action):
            self.end_following = pass_on_interrupt()
            # Ansible leaves it to a buffer when a line appears in a pipe.
            if isinstance(sys.stdout, io.TextIOWrapper):
                sys.stdout.reconfigure(line_buffering=True)
        if self.full:
            Default.v2_playbook_on_task_start(self, task, is_conditional)
            return
        self._last_task_name = task.get_name().strip()
        role = task._role.get_name(include_role_fqcn=False) if task._role else ""
        stage = stage_of(role, task.tags) if role else ""
        if stage in ONCE and stage in self.stages:
            return
        if stage and stage != self.stage:
            self.finish()
            self.stage = stage
            expected = self.history.expected(self.kind, stage, self.stages.get(stage, 0.0))
            told = announcement(stage, expected, self.history.left(self.kind, stage, self.stages))
            if told:
                self._display.display(told, color=shade("HIGHLIGHT"))
            if stage in LONG:
                self.alive.begin(stage, expected)

    def finish(self) -> None:
        """The line of the stage that is over."""
        self.alive.end()
        now = time.monotonic()
        # A stage of which all was skipped is none.
        if self.stage and self.acted:
            took = now - self.since
            self.stages[self.stage] = self.stages.get(self.stage, 0.0) + took
            color = shade("ERROR") if self.broken else shade("CHANGED") if self.changed else shade("OK")
            self._display.display(conclusion(self.stage, took, self.changed, self.broken), color=color)
        self.stage, self.since, self.changed, self.broken, self.acted = "", now, 0, False, False

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Only what changed has a line."""
        if self.full:
            Default.v2_runner_on_ok(self, result)
            return
        self._handle_warnings_and_exception(result)
        self.acted = self.acted or not isinstance(result.task, TaskInclude)
        if result.result.get("changed", False) and not isinstance(result.task, TaskInclude):
            self.changed += 1
            self._display.display(f"  ~ {result.host.get_name()}: {result.task.get_name()}", color=shade("CHANGED"))

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        """What was not needed has none."""
        if self.full:
            Default.v2_runner_on_skipped(self, result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        """Told at once in a few words; the whole of it comes last."""
        if self.full:
            Default.v2_runner_on_failed(self, result, ignore_errors)
            return
        self._handle_warnings(result.result)
        if not ignore_errors:
            self.fail(result)

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """No other machine is reached, but Ansible may think so."""
        if self.full:
            Default.v2_runner_on_unreachable(self, result)
            return
        self.fail(result)

    def fail(self, result: CallbackTaskResult) -> None:
        """Keep a failure for the end."""
        failure = Failure(result.host.get_name(), result.task.get_name(), told_by(result.result))
        if told := result.result.get("failed_task"):
            # The evidence of a failure fails with the same words: they belong to the task that said them first.
            self.failures.append(replace(failure, task=str(told)))
            self.acted = True
            return
        self.broken = self.acted = True
        self.failures.append(failure)
        first = shortened(failure.cause.partition("\n")[0], HINT)
        self._display.display(f"  ✗ {failure.host}: {failure.task}: {first}", color=shade("ERROR"))

    def v2_runner_item_on_ok(self, result: CallbackTaskResult) -> None:
        """An item is part of its task."""
        if self.full:
            Default.v2_runner_item_on_ok(self, result)

    def v2_runner_item_on_skipped(self, result: CallbackTaskResult) -> None:
        """An item is part of its task."""
        if self.full:
            Default.v2_runner_item_on_skipped(self, result)

    def v2_runner_item_on_failed(self, result: CallbackTaskResult) -> None:
        """An item is part of its task."""
        if self.full:
            Default.v2_runner_item_on_failed(self, result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        """Which file a task is in is for -v."""
        if self.full:
            Default.v2_playbook_on_include(self, included_file)

    def v2_runner_retry(self, result: CallbackTaskResult) -> None:
        """A retry is no news."""
        if self.full:
            Default.v2_runner_retry(self, result)

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """The recap says so."""
        if self.full:
            Default.v2_playbook_on_no_hosts_remaining(self)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The recap, and after it every failure that nobody has fixed."""
        self.end_following()
        if self.full:
            Default.v2_playbook_on_stats(self, stats)
            return
        self.finish()
        self.alive.stop()
        Default.v2_playbook_on_stats(self, stats)
        totals = {host: stats.summarize(host) for host in stats.processed}
        failed = {host for host, total in totals.items() if total["failures"] or total["unreachable"]}
        last = {failure.host: failure for failure in self.failures if failure.host in failed}
        for failure in last.values():
            self._display.display(f"{failure.host}: {failure.task}", color=shade("ERROR"), stderr=True)
            self._display.display(f"[ERROR]: {failure.cause}", color=shade("ERROR"), stderr=True)
        if not failed:
            self.history.remember(self.kind, self.stages)
