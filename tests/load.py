"""A steady, bounded load on an Ingress: raw HTTP/1.1, half of it on kept connections, half on new ones.

Run as a program it asks until it has sent --requests, or standard input ends, and prints what came of it as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

# A user who waits longer than this has been let down.
PATIENCE = 10.0
# Told one by one; of more, their number is enough.
TOLD = 20


@dataclass
class Outcome:
    """What users got."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    started: float = field(default_factory=time.time)

    def failed(self, what: str, detail: str) -> None:
        """Note a request that did not get its answer."""
        self.failures[what] += 1
        if len(self.told) < TOLD:
            self.told.append(f"{time.time() - self.started:.2f} s: {what} ({detail})")

    def summary(self) -> dict[str, object]:
        """For JSON."""
        ordered = sorted(self.latencies) or [0.0]
        seconds = time.time() - self.started
        return {
            "requests": self.requests,
            "failed": sum(self.failures.values()),
            "failures": dict(self.failures),
            "told": self.told,
            "seconds": round(seconds, 1),
            "rate": round(self.requests / seconds, 1),
            "median_ms": round(1000 * ordered[len(ordered) // 2], 1),
            "p99_ms": round(1000 * ordered[int(len(ordered) * 0.99)], 1),
            "longest_ms": round(1000 * ordered[-1], 1),
        }


class Client:
    """One user: asks one thing after the other, on one connection or on a new one each time."""

    def __init__(self, address: tuple[str, int], host: str, kept: bool) -> None:
        self.address, self.host, self.kept = address, host, kept
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, path: str) -> tuple[int, bytes]:
        """Status and body of one answer."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(*self.address)
        reader, writer = self.streams
        connection = "keep-alive" if self.kept else "close"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: {connection}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split(" ", 2)[1])
        body = await self._body(reader, head)
        if not self.kept or "connection: close" in head:
            self.drop()
        return status, body

    async def _body(self, reader: asyncio.StreamReader, head: str) -> bytes:
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        if "content-length" in fields:
            return await reader.readexactly(int(fields["content-length"]))
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return body

    def drop(self) -> None:
        """Hang up."""
        if self.streams:
            self.streams[1].close()
            self.streams = None


async def user(number: int, settings: argparse.Namespace, outcome: Outcome, over: asyncio.Event) -> None:
    """Ask at this user's share of the rate, and catch up after a slow answer."""
    host, port = settings.address.rsplit(":", 1)
    client = Client((host, int(port)), settings.host, kept=number % 2 == 0)
    interval = settings.users / settings.rate
    due = time.monotonic() + interval * number / settings.users
    turn = number
    # Asked for itself as well: who is behind waits for nothing, and would never hear of it.
    while outcome.requests < settings.requests and not over.is_set():
        try:
            await asyncio.wait_for(over.wait(), max(0.0, due - time.monotonic()))
            break
        except TimeoutError:
            due += interval
        path, _, expected = settings.ask[turn % len(settings.ask)].partition("=")
        turn += 1
        outcome.requests += 1
        began = time.monotonic()
        try:
            status, body = await asyncio.wait_for(client.ask(path), PATIENCE)
        except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
            outcome.failed(type(error).__name__, f"{path}, {'kept' if client.kept else 'new'} connection: {error}")
            client.drop()
            continue
        outcome.latencies.append(time.monotonic() - began)
        if status != 200 or expected.encode() not in body:
            outcome.failed(str(status), f"{path}: {body[:80].decode('utf-8', 'replace')}")
    client.drop()


async def until_told(over: asyncio.Event) -> None:
    """Whoever started this ends it by closing its standard input."""
    await asyncio.to_thread(sys.stdin.buffer.read)
    over.set()


async def run(settings: argparse.Namespace) -> Outcome:
    """All users at once."""
    outcome, over = Outcome(), asyncio.Event()
    listener = asyncio.create_task(until_told(over)) if settings.until_told else None
    await asyncio.gather(*(user(number, settings, outcome, over) for number in range(settings.users)))
    if listener:
        listener.cancel()
    return outcome


def main() -> None:
    """Ask, then tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="host:port of the Ingress")
    parser.add_argument("ask", nargs="+", help="path, or path=text that the answer must hold")
    parser.add_argument("--host", default="localhost", help="Host header")
    parser.add_argument("--rate", type=float, default=220, help="requests a second")
    parser.add_argument("--requests", type=int, default=10_000, help="at most so many")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--until-told", action="store_true", help="end when standard input does")
    outcome = asyncio.run(run(parser.parse_args()))
    print(json.dumps(outcome.summary()), flush=True)
    # A thread may still wait for the end of standard input, and would be waited for.
    os._exit(0)


if __name__ == "__main__":
    main()
