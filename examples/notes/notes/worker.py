"""Counts the words of notes, beside the API: python -m notes.worker."""

from __future__ import annotations

import signal
import threading

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from notes.database import Note, session

PAUSE = 0.5  # seconds between two looks at what there is to do


def count(limit: int = 100) -> int:
    """Count the words of some notes; of how many."""
    with session() as database:
        # Several workers at once take different notes.
        waiting = select(Note).where(Note.words.is_(None)).limit(limit).with_for_update(skip_locked=True)
        found = database.scalars(waiting).all()
        for note in found:
            note.words = len(note.text.split())
        database.commit()
    return len(found)


def main() -> None:
    """Work until told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while not stop.is_set():
        try:
            done = count()
        except OperationalError as error:
            print(f"No database: {error.orig}", flush=True)
            done = 0
        if not done:
            stop.wait(PAUSE)


if __name__ == "__main__":
    main()
