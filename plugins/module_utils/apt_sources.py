"""The machine's own apt sources of its release, whatever format they are written in.

Here, and not in plugin_utils: modules travel with nothing else. They are taken as they are, with options and keys:
whoever has a mirror of their own has told apt all about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

# Newer than the release, and so not what goes with it.
LEFT_OUT = ("backports", "proposed")
_LINE = re.compile(
    r"(?P<type>deb(?:-src)?)\s+(?P<options>\[[^]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)"
)
_KEY = re.compile(r"signed-by\s*[=:]\s*([^\]\s]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Sources:
    """Lines of a sources.list, and stanzas of files *.sources."""

    lines: list[str] = field(default_factory=list)
    stanzas: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lines or self.stanzas)

    def files(self) -> dict[str, str]:
        """What apt reads, by the end of the file's name."""
        texts = {"list": "\n".join(self.lines), "sources": "\n\n".join(self.stanzas)}
        return {suffix: f"{text}\n" for suffix, text in texts.items() if text}

    def keys(self) -> list[str]:
        """The files with keys that they name."""
        named = (found for text in (*self.lines, *self.stanzas) for found in _KEY.findall(text))
        return list(dict.fromkeys(key for names in named for key in names.split(",") if key.startswith("/")))

    def of_source(self) -> Sources:
        """The same, for source packages."""
        lines = [line.replace("deb ", "deb-src ", 1) for line in self.lines]
        return Sources(lines, [set_field(stanza, "Types", "deb-src") for stanza in self.stanzas])

    def of_suite(self, own: str, other: str) -> Sources:
        """The same mirrors, for another release; without updates, which may be elsewhere."""
        lines = [line.replace(f" {own} ", f" {other} ", 1) for line in self.lines if f" {own} " in line]
        stanzas = [stanza for stanza in self.stanzas if own in (get_field(stanza, "Suites") or "").split()]
        return replace(self, lines=lines, stanzas=[set_field(stanza, "Suites", other) for stanza in stanzas])


def machine_sources(main: Path | None, parts: Path | None, suite: str) -> Sources:
    """What apt's own files say of a release: binary packages, from whichever mirror."""
    files = [main] if main and main.is_file() else []
    files += sorted(parts.iterdir()) if parts and parts.is_dir() else []
    lines, stanzas = [], []
    for file in files:
        if file.suffix == ".sources":
            stanzas += stanzas_of(file.read_text(encoding="utf-8"), suite)
        elif file.suffix == ".list" or file == main:
            lines += lines_of(file.read_text(encoding="utf-8"), suite)
    return Sources(lines, stanzas)


def wanted(suite: str, own: str) -> bool:
    """Whether a suite is of a release: it, its updates, its security."""
    return suite.split("/")[0].startswith(own) and not any(word in suite for word in LEFT_OUT)


def lines_of(text: str, own: str) -> list[str]:
    """Lines of one format, each written the same way."""
    found = []
    for match in (_LINE.match(line.strip()) for line in text.splitlines()):
        if match and match["type"] == "deb" and wanted(match["suite"], own):
            words = ["deb", (match["options"] or "").strip(), match["uri"], match["suite"], match["components"].strip()]
            found.append(" ".join(word for word in words if word))
    return found


def stanzas_of(text: str, own: str) -> list[str]:
    """Stanzas of the other format."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    found = []
    for stanza in (part.strip("\n") for part in re.split(r"\n\s*\n", plain) if part.strip()):
        suites = [suite for suite in (get_field(stanza, "Suites") or "").split() if wanted(suite, own)]
        binary = "deb" in (get_field(stanza, "Types") or "").split()
        if suites and binary and (get_field(stanza, "Enabled") or "yes").lower() not in ("no", "false", "0"):
            found.append(set_field(set_field(stanza, "Suites", " ".join(suites)), "Types", "deb"))
    return found


def get_field(stanza: str, name: str) -> str | None:
    """The value of a field, over as many lines as it has."""
    found = re.search(rf"^{name}:[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else None


def set_field(stanza: str, name: str, value: str) -> str:
    """The stanza with another value of a field that it has."""
    pattern = re.compile(rf"^{name}:[ \t]*.*(?:\n[ \t].*)*", re.IGNORECASE | re.MULTILINE)
    return pattern.sub(lambda _: f"{name}: {value}", stanza)
