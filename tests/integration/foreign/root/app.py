"""Runs as root, and writes beside its own code."""

import os
from pathlib import Path

from server import serve


def respond(path):
    visits = Path("/app/visits")
    with visits.open("a") as file:
        file.write(path + "\n")
    return 200, f"uid {os.getuid()} writes"


serve(respond)
