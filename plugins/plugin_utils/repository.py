"""Which repository a run is for: what it writes goes there, and what it builds comes from there."""

from __future__ import annotations

from pathlib import Path

# This collection's own folder, by whatever link it was found.
HOME = Path(__file__).resolve().parents[2]
# What `ansible-galaxy` leaves of an installation, and no checkout has.
_INSTALLED = "MANIFEST.json"


def is_installed(home: Path = HOME) -> bool:
    """Whether this is an installed collection, in a folder that the next installation replaces."""
    return (home / _INSTALLED).is_file()


def repository(home: Path = HOME) -> Path:
    """The checkout; of an installed collection the folder where ansible-playbook was called."""
    return Path.cwd() if is_installed(home) else home
