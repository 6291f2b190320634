"""Ask the Ingress and the Pods behind it, side by side, until all of them give the right answers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ApiError, ConnectionFailedError, KubeconfigError, KubeError
from . import replicas, verification
from .answer import Answer
from .asker import Asker
from .endpoint_rules import find_endpoint_problems
from .endpoints import matches
from .parties import Parties
from .verification import Endpoint, Seen

INTERVAL = 0.5
# What is seen in the cluster itself and will not resolve by itself: so long is enough for its controllers, where
# nobody has set another time.
DEFAULT_TIMEOUT = 12
CERTAIN = frozenset({"NotDeployed", "StalePods", "WrongBackend", "ReplicasDisagree"})
CERTAIN_SECONDS = 6.0
# So long the API server has to reach any of the ready Pods, before it is taken to be shut out from them.
UNREACHED_SECONDS = 5.0
# After an outage of the API server an Ingress controller follows late: a watch that broke is taken up again after up to
# a minute and a half, and until then requests go to Pods that are gone.
CATCH_UP_SECONDS = 90.0
# What the Pods themselves say: no Ingress that is late explains it.
OF_PODS = frozenset({"ReplicaWrong", "ReplicasDisagree", "WrongAnswer", "TooSlow"})
# How many Pods are asked at the same time, and how often at most each endpoint is asked through the Ingress,
# which hands requests to one Pod after the other.
AT_A_TIME = 4
ROUNDS = 3


class Verifier:
    """Asks the Ingress and the Pods, side by side."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        """Raises ValueError for a base URL or a shape that is none; connects at the first request."""
        self.arguments = arguments
        self.endpoints: list[Endpoint] = arguments["endpoints"]
        if problems := find_endpoint_problems(self.endpoints):
            raise ValueError(problems[0])
        self.host = str(arguments["host"])
        self.parties = Parties(Asker.of(arguments), self.endpoints)
        self.ingress = self.parties.ingress
        self.client: KubeClient | None = None
        self.clients: dict[str, KubeClient] = {}
        self.reached = False
        self.pool = ThreadPoolExecutor(AT_A_TIME + 1)
        # Why the Pods themselves were not asked; empty when they were, or were not to be. It may pass.
        self.unasked, self.passing = "", False
        self.unreached_since: float | None = None
        if arguments["name"]:
            with self._excusing():
                self.client = KubeClient.from_kubeconfig(arguments["kubeconfig"], arguments["context"])

    def __enter__(self) -> Verifier:
        """Nothing is asked yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the connections."""
        self.pool.shutdown()
        self.parties.close()
        for client in (self.client, *self.clients.values()):
            if client:
                client.close()

    def wait(self, timeout: float) -> Seen:
        """The last round: all of it right, or the time is up."""
        started = time.monotonic()
        certain_after = CERTAIN_SECONDS if timeout == DEFAULT_TIMEOUT else timeout
        catching_up = float(self.arguments.get("outage_ended") or 0) + CATCH_UP_SECONDS - time.time()
        certain_since: float | None = None
        settled = False
        while True:
            early = float(self.arguments.get("settled_at") or 0) - time.time()
            if early <= 0 and not settled:
                # Until now it may have been one who goes that has refused a login.
                settled = True
                self.ingress.final.clear()
            seen = self.ask()
            cause = verification.judge(seen)
            late = cause is not None and cause.type not in OF_PODS and catching_up > timeout
            patience = catching_up if late else timeout
            right, now = cause is None and not self.passing, time.monotonic()
            if not cause or late or cause.type not in CERTAIN:
                certain_since = None
            elif now - (certain_since := certain_since or now) >= certain_after:
                return seen
            if right and early <= 0:
                return self._finished(seen)
            if now - started >= patience or (settled and self._refused()):
                return seen
            # Right, but perhaps only because none of those who still go was asked: once more when they are forgotten.
            time.sleep(min(early, timeout) if right else INTERVAL)

    def _finished(self, seen: Seen) -> Seen:
        """All is right that may be repeated: now what is sent once."""
        if self.parties.order.once:
            # A connection that may have been closed meanwhile must not be what a request gets lost on.
            self.parties.asker.close()
            answers = self.ingress.once()
            seen.ingress[0] = [answers.get(number, answer) for number, answer in enumerate(seen.ingress[0])]
        return seen

    def ask(self) -> Seen:
        """Ask everybody everything once; the Ingress as often as there are Pods, if all goes well."""
        seen = Seen(self.arguments["base_url"], self.endpoints, host=self.arguments["host"])
        self.passing = False
        cluster = self.pool.submit(self._ask_cluster, seen)
        seen.ingress.append(self.ingress.round())
        seen.warnings = self.parties.asker.warnings()
        # The ones who wait for an answer that is not there yet need no further rounds.
        if self.client and all(
            matches(answer, item) for answer, item in zip(seen.ingress[0], self.endpoints, strict=True)
        ):
            cluster.result()
            seen.ingress += [self.ingress.round(again=True) for _ in range(1, min(ROUNDS, len(seen.replicas)))]
        cluster.result()
        return seen

    def _ask_cluster(self, seen: Seen) -> None:
        if self.client is None:
            return
        with self._excusing():
            behind = replicas.look(self.client, self.arguments["namespace"], self.arguments["name"])
            seen.behind = behind
            wanted = [pod for pod in behind.current if pod in behind.served]
            groups = [wanted[number::AT_A_TIME] for number in range(min(AT_A_TIME, len(wanted)))]
            jobs = [self.pool.submit(self._ask_pods, group, behind.port) for group in groups]
            replies: dict[str, list[Answer]] = {}
            for job in jobs:
                replies |= job.result()
            replicas.demand_reached(replies)
            seen.replicas = replies
            self.reached, self.unasked, self.unreached_since = True, "", None

    def _ask_pods(self, pods: list[str], port: int) -> dict[str, list[Answer]]:
        """One after the other, over one connection."""
        if self.client is None or not pods:
            return {}
        client = self.clients.setdefault(pods[0], self.client.twin())
        space = self.arguments["namespace"]
        return {pod: self.parties.pod(client, space, pod, port, self.host).round() for pod in pods}

    def _refused(self) -> bool:
        """Whether somebody has refused a login, which is not tried again."""
        return any(session.final for session in self.parties.sessions())

    def _excusing(self) -> suppress:
        return _Excusing(self)


class _Excusing(suppress):
    """A cluster that cannot be reached, or does not let us: what users get is verified all the same."""

    def __init__(self, verifier: Verifier) -> None:
        super().__init__(KubeError)
        self.verifier = verifier

    def __exit__(self, kind: Any, value: Any, traceback: Any) -> bool:
        """Note why; errors of another kind are errors."""
        if not isinstance(value, (ConnectionFailedError, KubeconfigError, replicas.NotAskedError, ApiError)):
            return False
        verifier = self.verifier
        verifier.unasked = str(value)
        busy = isinstance(value, ApiError) and (value.status == 429 or value.status >= 500)
        verifier.passing = busy or (verifier.reached and isinstance(value, ConnectionFailedError))
        if isinstance(value, replicas.NotReachedError):
            now = time.monotonic()
            verifier.unreached_since = since = verifier.unreached_since or now
            verifier.passing = now - since < UNREACHED_SECONDS
        if not verifier.passing:
            verifier.client = None
        return True
