"""Start the API on API_HOST (127.0.0.1) and API_PORT (8000): one process, replicas make more."""

import os

import uvicorn

from observe import LOGGING
from settings import SettingsError, read_port

# An Ingress keeps its connections for 60 or 90 s. If the API were the first to close one,
# a request could be on its way already, and its user would see a 502.
KEEP_ALIVE_SECONDS = 100
DRAIN_SECONDS = 20


def main() -> None:
    """Serve until SIGTERM, then finish what has begun."""
    try:
        port = read_port(os.environ, "API_PORT", 8000)
    except SettingsError as fault:
        raise SystemExit(f"The API cannot start: {fault}.") from None
    uvicorn.run(
        "main:server",
        host=os.environ.get("API_HOST") or "127.0.0.1",
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


if __name__ == "__main__":
    main()
