"""Start the API with the fault that FAULT names: `kind` or `kind:seconds`."""

import importlib
import os
import runpy
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Server = Callable[[Message, Receive, Send], Awaitable[None]]

kind, _, number = os.environ.get("FAULT", "none").partition(":")
seconds = float(number or 0)
# What is answered with which status, by the beginning of the path.
WRONG = {"never-ready": ("/ready", 503), "errors": ("/users", 500), "named": ("/name", 200)}.get(kind)


def faulty(server: Server) -> Server:
    """The API, but for the paths that the fault is about."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if WRONG is None or scope["type"] != "http" or not scope["path"].startswith(WRONG[0]):
            await server(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": WRONG[1], "headers": headers})
        await send({"type": "http.response.body", "body": b'{"detail": "a fault"}'})

    return answer


def main() -> None:
    """Do what the fault is, and become the API if there is anything left to become."""
    if kind == "exits":
        sys.exit("The settings name a colour that does not exist.")
    if kind == "slow":
        time.sleep(seconds)
    # Imported late: a fault must not wait for the API's own imports.
    uvicorn = importlib.import_module("uvicorn")
    run = uvicorn.run

    def run_faulty(server: str, **more: Any) -> None:
        module, name = server.split(":")
        run(faulty(getattr(importlib.import_module(module), name)), **more)

    vars(uvicorn)["run"] = run_faulty
    sys.path.insert(0, "/app")
    runpy.run_path("/app/serve.py", run_name="__main__")


main()
