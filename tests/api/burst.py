"""Many clients at once, each on a connection of its own, in one thread."""

import asyncio
from collections import Counter
from collections.abc import Iterable


async def status(port: int, path: str) -> int:
    """Return the status of one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        head = await reader.readline()
        await reader.read()
        return int(head.split()[1])
    finally:
        writer.close()


async def burst(port: int, paths: Iterable[str], seconds: float = 10) -> Counter[int]:
    """Ask for all at once and return how many got which status; 0 is none within these seconds."""

    async def one(path: str) -> int:
        try:
            return await asyncio.wait_for(status(port, path), seconds)
        except TimeoutError:
            return 0

    return Counter(await asyncio.gather(*map(one, paths)))
