"""Names as Kubernetes takes them."""

from __future__ import annotations

import re

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
