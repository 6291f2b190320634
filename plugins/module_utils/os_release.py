"""What /etc/os-release says. Here, and not in plugin_utils: modules travel with nothing else."""

from __future__ import annotations

from pathlib import Path

FILES = (Path("/etc/os-release"), Path("/usr/lib/os-release"))


def os_release(text: str = "") -> dict[str, str]:
    """Its fields; ``text`` stands for the content of the file."""
    text = text or next((file.read_text(encoding="utf-8") for file in FILES if file.exists()), "")
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def codename(fields: dict[str, str]) -> str:
    """The code name of the release whose packages it takes: a derivative names Ubuntu's or Debian's beside its own."""
    names = ("UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME")
    return next((fields[name] for name in names if fields.get(name)), "unknown")
