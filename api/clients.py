"""Whether a client is still there."""

from starlette.types import Receive


def has_left(receive: Receive) -> bool:
    """Say whether the client has hung up, without waiting: one step of `receive`, ended if it would wait."""
    while True:
        step = receive().__await__()
        try:
            next(step)
        except StopIteration as received:
            if received.value["type"] == "http.disconnect":
                return True
            # Its request, which no route here reads: look at what comes after it.
        else:
            step.close()
            return False
