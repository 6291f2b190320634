"""What the last words of a program, or of the scheduler, give away about a mistake that many make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..causes import Cause
from ..kube.client import KubeClient
from ..kube.errors import KubeError

Object = dict[str, Any]


@dataclass(frozen=True)
class Hint:
    """A cause by words in a log; `instead_of` are the types that it explains."""

    type: str
    words: re.Pattern[str]
    advice: str
    instead_of: tuple[str, ...] = ("ContainerExited", "CrashLoop", "ContainerCannotStart")

    def remedy(self, text: str) -> str:
        """What to do, where the words are in the text; else nothing."""
        return self.advice if self.words.search(text) else ""


CORDONED = Hint(
    "Unschedulable",
    re.compile(r"were unschedulable|node\.kubernetes\.io/unschedulable"),
    "A node is cordoned: kubectl get nodes, kubectl uncordon; or request less, or give the cluster more nodes.",
)
HINTS = (
    Hint(
        "WrongLineEnds",
        re.compile(
            # A shell or a kernel that takes the carriage return for a part of the name.
            r"\^M|\\r['\"’:]|\r['\"’]|\r: (?:command )?not found|[Ii]llegal option -[ \\]*\r|invalid option: ?-?\r"
            r"|env: [^\n]*\r[^\n]*no such file|python[0-9.]*\\r",
            re.IGNORECASE,
        ),
        "A script of the image has the line ends of Windows (CRLF), which are a part of the command to Linux: save it "
        "with LF (.gitattributes: *.sh text eol=lf), and build again.",
    ),
    Hint(
        "PortForbidden",
        re.compile(
            r"(?:bind|listen|address|socket|port)[^\n]*(?:permission denied|eacces)|(?:permission denied|eacces)[^\n]*"
            r"(?:bind|listen|0\.0\.0\.0:\d|:::?\d)",
            re.IGNORECASE,
        ),
        "Ports below 1024 are for root, which it is not: let it listen on a higher one, and set app_api_port.",
    ),
    Hint(
        "PackagesUnreadable",
        re.compile(
            r"/root/[^\n]*(?:permission denied|eacces)|(?:permission denied|eacces)[^\n]*/root/"
            r"|ModuleNotFoundError: No module named|ImportError: No module named",
            re.IGNORECASE,
        ),
        "Packages below /root (made with --user) are for root alone, and it runs as another user: install them for all "
        "(without --user, or in a virtual environment outside /root), or add what is missing.",
    ),
)
_LISTENS = re.compile(
    r"^[^\n]*\b(?:running|listening|listens?|serving|started|starting|bound|ready)\b[^\n]{0,80}?"
    r"(?:127\.0\.0\.1|localhost|\[::1\])[:, ')]+(\d{2,5})[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_EXEC_MISSING = re.compile(r"exec[^\n]*no such file or directory", re.IGNORECASE)


def hinted(cause: Cause, words: str) -> Cause:
    """The cause with the type and the remedy of a known mistake, where the words give one away."""
    text = f"{cause.message}\n{words}"
    for hint in HINTS:
        if cause.type in hint.instead_of and hint.remedy(text):
            return Cause(hint.type, cause.message, hint.advice, cause.pod, cause.container)
    if cause.type in HINTS[0].instead_of and _EXEC_MISSING.search(text):
        # The file may well be there: it is the program in its first line that is not.
        more = " A script whose first line (#!) names a program that is not there, or ends as on Windows (CRLF), too."
        return Cause(cause.type, cause.message, cause.remedy + more, cause.pod, cause.container)
    return cause


def cordoned(cause: Cause, client: KubeClient) -> Cause:
    """The remedy of a cordon with the cordoned nodes' names, where this account may know them."""
    if cause.remedy != CORDONED.advice:
        return cause
    try:
        nodes = client.get("/api/v1/nodes", fieldSelector="spec.unschedulable=true").get("items") or []
    except KubeError:
        # An account of one namespace may not look at nodes: the remedy says how somebody else can.
        return cause
    names = " ".join(str(node["metadata"]["name"]) for node in nodes)
    remedy = cause.remedy.replace("kubectl get nodes, kubectl uncordon", f"kubectl uncordon {names}")
    return Cause(cause.type, cause.message, remedy, cause.pod, cause.container) if names else cause


def loopback_line(log: str, container: Object) -> str:
    """The line in which a program says that it listens on its own loopback, at the port that users are led to."""
    ports = {str(port.get("containerPort")) for port in container.get("ports") or []}
    return next((found[0].strip() for found in _LISTENS.finditer(log) if found[1] in ports), "")
