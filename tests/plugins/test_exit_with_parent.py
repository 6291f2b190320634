"""A task's process ends with the run that it works for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.exit_with_parent import exit_with_parent

from processes import is_there

# As Ansible does it: the run forks a process for its task.
RUN = """
import multiprocessing, sys, time
sys.path.insert(0, "collections")
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.exit_with_parent import exit_with_parent

def task():
    with exit_with_parent(0.05):
        print(multiprocessing.current_process().pid, flush=True)
        time.sleep(60)

worker = multiprocessing.get_context("fork").Process(target=task)
worker.start()
worker.join()
"""
ROOT = Path(__file__).resolve().parents[2]


def test_a_task_ends_with_its_run() -> None:
    with subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        worker = int(run.stdout.readline())
        assert is_there(worker)
        run.send_signal(signal.SIGKILL)
        run.wait()
        # Far sooner than by itself, and on the slowest of machines.
        deadline = time.monotonic() + 20
        while is_there(worker) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = is_there(worker)
        if left:
            os.kill(worker, signal.SIGKILL)
        assert not left


def test_a_task_of_a_run_that_goes_on_is_left_alone() -> None:
    with exit_with_parent(0.01):
        time.sleep(0.1)
