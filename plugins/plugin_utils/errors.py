"""The base of every error that is meant for users."""

from __future__ import annotations


class UserError(Exception):
    """Its message is one line for a person: what is wrong, where, and how to fix it.

    Anything else that is raised is a fault of the program, and ends in a traceback.
    """
