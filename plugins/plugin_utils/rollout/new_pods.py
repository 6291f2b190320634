"""Ask the Pods of a new version as soon as each is ready, while those of the version before still serve."""

from __future__ import annotations

from typing import Any

from ..causes import Cause
from ..kube.client import KubeClient
from ..objects.conditions import holds
from ..verify import replicas
from ..verify.endpoints import mismatch
from ..verify.request import title
from ..verify.session import Order, Session
from ..verify.verification import REMEDIES, told
from .causes import FINAL_PATIENCE, Rules
from .view import View

Object = dict[str, Any]


class NewPods:
    """Remembers who has answered right, and since when somebody answers wrong."""

    def __init__(self, client: KubeClient, namespace: str, endpoints: list[Object], rules: Rules) -> None:
        """Without endpoints nobody is asked."""
        self.rules = rules
        self.client, self.namespace, self.endpoints = client, namespace, endpoints
        self.order = Order(endpoints)
        self.sessions: dict[str, Session] = {}
        self.right: set[str] = set()
        self.wrong_since: dict[str, float] = {}
        # Whether any of them has ever been heard by way of the API server.
        self.reached = False

    def doubtful(self) -> bool:
        """Whether no new Pod is known to be right yet, or one is wrong: nobody is to be replaced by such."""
        return bool(self.endpoints) and (not self.right or bool(self.wrong_since))

    def missed(self, seconds: float) -> None:
        """Nobody could be asked for so long: no clock has run."""
        self.wrong_since = {name: at + seconds for name, at in self.wrong_since.items()}

    def judge(self, view: View, settled_at: float = 0.0) -> Cause | None:
        """Why the new version is not what it should be, once a ready Pod of it has answered wrong for long enough.

        Not before `settled_at`: after an outage the API server may not get through to Pods yet, nor know who may.
        """
        self.wrong_since = {name: at for name, at in self.wrong_since.items() if name in self._names(view)}
        for pod in view.newest() if self.endpoints else []:
            name = str(pod["metadata"]["name"])
            if name in self.right or not holds(pod, "Ready"):
                self.wrong_since.pop(name, None)
                continue
            try:
                fault = self._fault(name, port_of(pod), replicas.host_of(pod))
            except replicas.NotAskedError:
                # Not everybody may ask Pods: the verification at the end says so, here and below.
                self.endpoints = self.endpoints if view.now < settled_at else []
                return None
            if not fault:
                self.right.add(name)
                continue
            since = self.wrong_since.setdefault(name, view.now)
            if view.now >= max(since + self.rules.patience_or(FINAL_PATIENCE), settled_at):
                if not self.reached:
                    # Ready all the time, says its own node: it is the API server that is kept away from Pods.
                    self.endpoints = []
                    return None
                text = f"a new Pod is ready, but its responses are wrong: {fault}"
                return Cause("WrongAnswer", text, REMEDIES["WrongAnswer"], name)
        return None

    def _names(self, view: View) -> set[str]:
        return {str(pod["metadata"]["name"]) for pod in view.newest()}

    def _fault(self, pod: str, port: int, host: str) -> str:
        sender = replicas.PodSender(self.client, self.namespace, pod, port, host)
        # What it has refused once is not tried again.
        session = self.sessions.setdefault(pod, Session(self.order, sender))
        session.send = sender
        session.begin()
        try:
            for number, endpoint in enumerate(self.endpoints):
                answer = session.ask(number)
                self.reached = self.reached or not answer.unreached
                if fault := mismatch(answer, endpoint):
                    return told(f"Pod {pod} at {title(endpoint)}", endpoint, answer, fault)
        finally:
            sender.close()
        return ""


def port_of(pod: Object) -> int:
    """The port that is called http, or the first there is."""
    ports = [port for one in pod["spec"]["containers"] for port in one.get("ports") or []]
    named = [port for port in ports if port.get("name") == "http"]
    return int((named or ports or [{"containerPort": 80}])[0]["containerPort"])
