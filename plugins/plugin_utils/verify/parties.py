"""All who are asked for endpoints: the Ingress, and each Pod."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..kube.client import KubeClient
from .asker import Asker
from .replicas import PodSender
from .request import Endpoint
from .session import Order, Session


class Parties:
    """Each has a session of its own, from its first question on; what one has refused once is not tried again."""

    def __init__(self, asker: Asker, endpoints: Sequence[Endpoint]) -> None:
        """Nobody is asked yet."""
        self.asker, self.order = asker, Order(endpoints)
        self.ingress = Session(self.order, asker.send)
        self.senders: dict[str, PodSender] = {}
        self.pods: dict[str, Session] = {}

    def pod(self, client: KubeClient, namespace: str, pod: str, port: int, host: str) -> Session:
        """The session with one replica, which is asked by `client` from now on: a thread has one of its own."""
        if pod not in self.pods:
            self.senders[pod] = PodSender(client, namespace, pod, port, host)
            self.pods[pod] = Session(self.order, self.senders[pod])
        self.senders[pod].client = client
        return self.pods[pod]

    def sessions(self) -> Iterator[Session]:
        """Everybody's."""
        yield self.ingress
        yield from self.pods.values()

    def close(self) -> None:
        """Drop all connections."""
        self.asker.close()
        for sender in self.senders.values():
            sender.close()
