"""Start the API on API_HOST (127.0.0.1; "::" is every address) and API_PORT (8000): one process, replicas make more."""

import contextlib
import os
import socket
import sys

import uvicorn

from observe import LOGGING
from settings import SettingsError, read_port

# An Ingress keeps its connections for 60 or 90 s. If the API were the first to close one,
# a request could be on its way already, and its user would see a 502.
KEEP_ALIVE_SECONDS = 100
DRAIN_SECONDS = 20


def listen(host: str, port: int) -> list[socket.socket] | None:
    """Return a socket for every address, IPv6 and IPv4, where "::" asks for it; None leaves the host to uvicorn.

    uvicorn's own "::" is IPv6 alone. A machine without IPv6 has no such socket: there, every address is 0.0.0.0.
    """
    if host != "::":
        return None
    if socket.has_dualstack_ipv6():
        return [socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)]
    return [socket.create_server(("0.0.0.0", port))]


def main() -> None:
    """Serve until SIGTERM, then finish what has begun."""
    try:
        port = read_port(os.environ, "API_PORT", 8000)
    except SettingsError as fault:
        raise SystemExit(f"The API cannot start: {fault}.") from None
    host = os.environ.get("API_HOST") or "127.0.0.1"
    try:
        sockets = listen(host, port)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise SystemExit(f"The API cannot start: API_HOST {host}, API_PORT {port}: {why}.") from None
    server = uvicorn.Server(
        uvicorn.Config(
            "main:server",
            host=host,
            port=port,
            workers=1,
            loop="uvloop",
            http="httptools",
            ws="none",
            log_config=LOGGING,
            # The API's own middleware logs, without addresses and ids of users.
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
    # Ctrl-C: uvicorn has finished what had begun, and says so by its signal once more.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
