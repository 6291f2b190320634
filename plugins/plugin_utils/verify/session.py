"""Requests in their order to one party, the Ingress or a Pod: later ones carry what earlier responses gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .answer import Answer
from .endpoints import matches
from .repeating import saved_names, sent_once
from .request import SAFE, Endpoint, Request, Unknown, filled, method_of, references
from .saving import NotGiven, given
from .secrets import Secrets, secrets_of

Send = Callable[[Request, Endpoint], Answer]
# Where a login ends with one of these, it is refused, and not tried again. What is not found may be on its way.
REFUSED, NOT_FOUND = range(400, 500), 404


class Order:
    """The endpoints of a verification, which of them are sent once, and what of all must not be read."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        """Nobody is asked yet."""
        self.endpoints = list(endpoints)
        self.once = sent_once(self.endpoints)
        self.secrets: Secrets = secrets_of(self.endpoints)


class Session:
    """What one party was asked and has given. Each has its own, for it may know nobody else's logins."""

    def __init__(self, order: Order, send: Send) -> None:
        """Nobody is asked yet."""
        self.order, self.send = order, send
        self.saved: dict[str, Any] = {}
        # What nobody has given, because nobody was asked; with the reason.
        self.absent: dict[str, str] = {}
        self.latest: dict[int, Answer] = {}
        # What is not sent again, for its answer will not change: a login that was refused locks an account in the end.
        self.final: dict[int, Answer] = {}

    def round(self, again: bool = False) -> list[Answer]:
        """An answer for each endpoint; `again`: whoever is logged in stays so."""
        if not again:
            self.begin()
        answers: list[Answer] = []
        for number in range(len(self.order.endpoints)):
            # Who is not reached at the first is not at the others, and each may take its time to say so.
            answers.append(answers[0] if answers and answers[0].unreached else self.ask(number, again))
        return answers

    def begin(self) -> None:
        """Ask again from the beginning: what was given before may not be valid any more."""
        self.saved.clear()
        self.absent.clear()

    def ask(self, number: int, again: bool = False) -> Answer:
        """The answer at one endpoint, unless that is sent once: then it is left for `once`."""
        endpoint = self.order.endpoints[number]
        if number in self.order.once:
            return Answer(unsent=reason(endpoint))
        if number in self.final:
            return self.final[number]
        if again and number in self.latest and endpoint.get("save"):
            return self.latest[number]
        answer = self._asked(endpoint)
        if method_of(endpoint) not in SAFE and is_final(answer, endpoint):
            self.final[number] = answer
        self.latest[number] = answer
        return answer

    def once(self) -> dict[int, Answer]:
        """The answers of those that are sent once, up to the first that is wrong: now, and never again."""
        found: dict[int, Answer] = {}
        for number in sorted(self.order.once):
            endpoint = self.order.endpoints[number]
            found[number] = uncertain(self._asked(endpoint, alone=True), endpoint)
            if not matches(found[number], endpoint):
                break
        return found

    def _asked(self, endpoint: Endpoint, alone: bool = False) -> Answer:
        try:
            if lacking := sorted(references(endpoint) & self.absent.keys() - self.saved.keys()):
                return self._kept(endpoint, Answer(unsent=self.absent[lacking[0]]))
            request = filled(endpoint, self.saved)
        except Unknown as error:
            return Answer(error=f"no request ({error})", hide=self.order.secrets)
        answer = replace(self.send(replace(request, alone=alone), endpoint), hide=self.order.secrets)
        return self._kept(endpoint, answer) if saved_names(endpoint) else answer

    def _kept(self, endpoint: Endpoint, answer: Answer) -> Answer:
        """The answer, once what it gives is kept."""
        if answer.unsent:
            self.absent |= dict.fromkeys(saved_names(endpoint), answer.unsent)
        if answer.unsent or not matches(answer, endpoint):
            return answer
        try:
            found: Mapping[str, Any] = given(endpoint, answer)
        except NotGiven as error:
            return replace(answer, flaw=str(error))
        self.saved |= found
        self.order.secrets.add(map(str, found.values()))
        return answer


def reason(endpoint: Endpoint) -> str:
    """Why an endpoint is not asked here."""
    own = method_of(endpoint) not in SAFE
    return f"it {'' if own else 'needs what '}is sent once, by verify.yml and with a new version"


def uncertain(answer: Answer, endpoint: Endpoint) -> Answer:
    """Without a response nobody knows what has become of a request that changes something."""
    if not answer.error or answer.distrust or method_of(endpoint) in SAFE:
        return answer
    return replace(answer, error=f"{answer.error}; it may have been carried out, and is not repeated")


def is_final(answer: Answer, endpoint: Endpoint) -> bool:
    """Whether a wrong answer would be the same at the next attempt."""
    if answer.error or answer.unsent or matches(answer, endpoint):
        return False
    return answer.status < 400 or (answer.status in REFUSED and answer.status != NOT_FOUND)
