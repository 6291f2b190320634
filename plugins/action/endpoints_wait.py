"""Wait until users get what they should: through the Ingress, and from each Pod behind it. See plugins/modules."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.causes import Cause, CausedError
from ..plugin_utils.console import report
from ..plugin_utils.errors import UserError
from ..plugin_utils.kube.errors import KubeError
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.run_cluster import run_kubeconfig
from ..plugin_utils.verify import verification
from ..plugin_utils.verify.outcome import outcome
from ..plugin_utils.verify.verifier import Verifier


class WrongUrl(UserError):
    """There is nobody to ask: the URL, or what is expected, is none."""


class ActionModule(PlainAction):
    """The action `endpoints_wait`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "base_url": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "endpoints": {"type": "list", "elements": "dict", "required": True},
        "timeout": {"type": "int", "default": 12},
        "settled_at": {"type": "float", "default": 0.0},
        "outage_ended": {"type": "float", "default": 0.0},
        "validate_certs": {"type": "bool", "default": True},
        "ca_file": {"type": "path", "default": ""},
        "name": {"type": "str", "default": ""},
        "namespace": {"type": "str", "default": ""},
        "kubeconfig": {"type": "str", "default": ""},
        "context": {"type": "str", "default": ""},
        "pods": {"type": "list", "elements": "dict", "default": []},
        "report": {"type": "bool", "default": False},
        "asked": {"type": "dict", "default": {}},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Ask until all answers are right or the time is up; in check mode there may be nobody to ask."""
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "answers": [], "replicas": [], "pods": [], "unasked": ""}
        if found := arguments["asked"]:
            return self._told(arguments, found)
        if arguments["name"]:
            # Of a cluster that cannot be reached, the verifier says so itself.
            with suppress(KubeError):
                arguments["kubeconfig"] = run_kubeconfig(arguments["kubeconfig"], arguments["context"])
        try:
            verifier = Verifier(arguments)
        except ValueError as error:
            raise WrongUrl(f"{error}.") from error
        started = time.monotonic()
        with verifier:
            seen = verifier.wait(arguments["timeout"])
        found = outcome(verifier, seen, started)
        if cause := verification.judge(seen):
            raise self._error(cause, arguments["host"], found)
        return self._told(arguments, found)

    def _told(self, arguments: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        if arguments["report"]:
            Display().display("\n".join(report.lines(arguments["base_url"], arguments["host"], found)))
        return found

    def _error(self, cause: Cause, host: str, found: dict[str, Any]) -> CausedError:
        asked = f"(requested {f'with Host {host} ' if host else ''}for {found['seconds']:.0f} s)"
        error = CausedError(f"{cause.type}: {cause.message} {asked}. {cause.remedy}", cause)
        error.details |= found
        return error
