"""Request endpoints in their order with ansible.builtin.uri. See plugins/modules/uri_in_turn.py."""

from __future__ import annotations

import urllib.parse
from contextlib import nullcontext
from typing import Any, ClassVar

from ..plugin_utils.errors import UserError
from ..plugin_utils.kube_action import USERS_ARGUMENTS
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.relay import relayed
from ..plugin_utils.verify.answer import Answer
from ..plugin_utils.verify.endpoints import mismatch, quoted, status_of
from ..plugin_utils.verify.request import Endpoint, Request, title
from ..plugin_utils.verify.session import Order, Session
from ..plugin_utils.verify.uri_answer import answer_of
from ..plugin_utils.verify.verification import told


class WrongAnswer(UserError):
    """The other client gets something else than ours."""


class ActionModule(PlainAction):
    """The action `uri_in_turn`: what one response gives, the next request carries, and nothing of it is shown."""

    _supports_check_mode = False
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = USERS_ARGUMENTS

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What came back, in the order of the endpoints."""
        self.arguments = arguments
        self.base = urllib.parse.urlsplit(arguments["base_url"])
        self.port = self.base.port or (443 if self.base.scheme == "https" else 80)
        order = Order(arguments["endpoints"])
        answers = Session(order, self._send).round()
        for endpoint, answer in zip(order.endpoints, answers, strict=True):
            if fault := mismatch(answer, endpoint):
                where = title(endpoint, arguments["base_url"])
                raise WrongAnswer(f"ansible.builtin.uri: {told(where, endpoint, answer, fault)}")
        rows = zip(order.endpoints, answers, strict=True)
        return {"changed": False, "answers": [{"endpoint": title(one), "answer": got.shown()} for one, got in rows]}

    def _send(self, request: Request, endpoint: Endpoint) -> Answer:
        if request.websocket:
            return Answer(unsent="ansible.builtin.uri does not speak WebSocket")
        by_name = self.arguments["host"] and self.base.scheme == "https"
        with relayed(str(self.base.hostname), self.port) if by_name else nullcontext("") as socket:
            return answer_of(self._requested(request, endpoint, socket))

    def _requested(self, request: Request, endpoint: Endpoint, socket: str) -> dict[str, Any]:
        """What the module returns. It writes its arguments into the machine's log, unless it is told not to."""
        logged, self._task.no_log = self._task.no_log, True
        try:
            found: dict[str, Any] = self._execute_module(
                "ansible.builtin.uri", self._asked(request, endpoint, socket), task_vars=self.variables
            )
        finally:
            self._task.no_log = logged
        return found

    def _asked(self, request: Request, endpoint: Endpoint, socket: str) -> dict[str, Any]:
        arguments, base = self.arguments, self.base
        name = urllib.parse.urlsplit(f"//{arguments['host']}").hostname
        place = f"{name}:{self.port}" if socket else base.netloc
        host = {"Host": arguments["host"]} if arguments["host"] else {}
        asked = {
            "url": f"{base.scheme}://{place}{quoted(base.path.rstrip('/') + request.path)}",
            "method": request.method,
            "headers": host | request.headers,
            "status_code": [status_of(endpoint)],
            "follow_redirects": "none",
            "return_content": True,
            "use_proxy": False,
            "validate_certs": arguments["validate_certs"],
        }
        asked |= {"body": request.body.decode(), "body_format": "raw"} if request.body is not None else {}
        asked |= {"ca_path": arguments["ca_file"]} if arguments["ca_file"] else {}
        return asked | ({"unix_socket": socket} if socket else {})
