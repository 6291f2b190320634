"""/docs as somebody without internet sees it: all of it comes from the API."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from browser import chromium
from playbook_runner import INGRESS

from conftest import Deployed

ROUTES = {"/users", "/users/{user_id}", "/status", "/ready", "/metrics"}
SHOWN = "[...document.querySelectorAll('[data-path]')].map(route => route.dataset.path)"


def test_it_shows_every_route_and_asks_nobody_but_the_api(deployed: Deployed) -> None:
    address = urlsplit(INGRESS)
    # The name is no localhost: pages may do there what they may not elsewhere.
    with chromium(f"--host-resolver-rules=MAP {deployed.target.host} {address.hostname}") as page:
        page.open(f"http://{deployed.target.host}:{address.port}/docs", 1440, "light")
        deadline = time.monotonic() + 20
        # The routes are drawn when the page has loaded its description of the API.
        while not (shown := set(page.value(SHOWN))) and time.monotonic() < deadline:
            time.sleep(0.1)
        asked = {urlsplit(one).hostname for one in page.requests if not one.startswith("data:")}
        assert (shown, asked, page.errors) == (ROUTES, {deployed.target.host}, [])
