"""What this project requests is nothing that Kubernetes means to remove; its audit log says what was requested.

To be run after the stories: it judges what they have done, from $SINCE on (RFC 3339).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import ground

# Kubernetes' own parts keep Endpoints for others, for as long as there are any.
OWN_PARTS = ("kube-", "kubelet/")
SINCE = os.environ.get("SINCE", "")


def requests() -> Iterator[dict[str, Any]]:
    for file in sorted((ground.STATE / "log/audit").glob("*.log")):
        for line in file.read_text().splitlines():
            event = json.loads(line)
            if event["stageTimestamp"] >= SINCE and not str(event.get("userAgent", "")).startswith(OWN_PARTS):
                yield event


def test_nothing_deprecated_is_requested() -> None:
    seen = list(requests())
    # Else nobody has deployed anything, and this would say nothing.
    assert sum(event.get("userAgent") == "fastapi-mysql-k8s" for event in seen) > 100
    deprecated = Counter(
        f"{event['userAgent']}: {event['verb']} {event['requestURI']}"
        for event in seen
        if (event.get("annotations") or {}).get("k8s.io/deprecated") == "true"
    )
    assert not deprecated
