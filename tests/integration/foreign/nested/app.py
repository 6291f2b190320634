"""Its Dockerfile is in a folder below its context."""

from pathlib import Path

from server import serve


def respond(path):
    return 200, Path("/app/words.txt").read_text().strip()


serve(respond)
