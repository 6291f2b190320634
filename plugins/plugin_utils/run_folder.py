"""The private folder that Ansible makes for a run, and removes with it."""

from __future__ import annotations

from pathlib import Path

from ansible import constants


def run_folder() -> Path:
    """The one that this run has; looked up as a setting, it would be made once more at each look."""
    return Path(vars(constants)["DEFAULT_LOCAL_TMP"])
