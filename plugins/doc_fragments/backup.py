"""The options of backup and restore; their types: plugins/action/backup.py."""

from __future__ import annotations


class ModuleDocFragment:
    """What `extends_documentation_fragment` names."""

    DOCUMENTATION = r"""
options:
  file:
    description: The file of the backup.
    type: path
    required: true
  db_mode:
    description: Where the database is; only V(shared) is backed up and restored.
    type: str
    required: true
  database:
    description: The database's name.
    type: str
    required: true
  user:
    description: The account that the API logs in with.
    type: str
    required: true
  timeout:
    description: How long each step may take, in seconds.
    type: float
    default: 900
"""
