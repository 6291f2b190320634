"""The API: sign up, log in, write notes and read them back."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.middleware.sessions import SessionMiddleware

from notes.database import Note, User, session
from notes.passwords import hashed, matches

app = FastAPI(title="Notes")
# The cookie names the user; the key, one for all Pods, is what makes it hard to forge.
app.add_middleware(SessionMiddleware, secret_key=os.environ["SESSION_KEY"], same_site="strict", https_only=False)


class Login(BaseModel):
    """Who somebody says that they are."""

    name: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=8, max_length=200)


class NewNote(BaseModel):
    """What is to be kept."""

    text: str = Field(min_length=1, max_length=10_000)


class WrittenNote(BaseModel):
    """A note as it is kept; `words` is null until the worker has counted them."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    text: str
    written: datetime
    words: int | None


def user_id(request: Request) -> int:
    """The user whose cookie it is."""
    found = request.session.get("user")
    if found is None:
        raise HTTPException(401, "Log in first")
    return int(found)


CurrentUser = Annotated[int, Depends(user_id)]


@app.get("/live")
def live() -> str:
    """It runs."""
    return "live"


@app.get("/ready")
def ready() -> str:
    """It reaches its database."""
    try:
        with session() as database:
            database.execute(text("SELECT 1"))
    except OperationalError as error:
        raise HTTPException(503, "No database") from error
    return "ready"


@app.post("/users", status_code=201)
def sign_up(login: Login, request: Request) -> str:
    """Make an account, and log in."""
    with session() as database:
        user = User(name=login.name, password=hashed(login.password))
        database.add(user)
        try:
            database.commit()
        except IntegrityError as error:
            raise HTTPException(409, "That name is taken") from error
        request.session["user"] = user.id
    return "welcome"


@app.post("/login")
def log_in(login: Login, request: Request) -> str:
    """Begin a session."""
    with session() as database:
        user = database.scalar(select(User).where(User.name == login.name))
    if user is None or not matches(login.password, user.password):
        raise HTTPException(401, "No such name and password")
    request.session["user"] = user.id
    return "welcome"


@app.post("/notes", status_code=201)
def write(note: NewNote, user: CurrentUser) -> WrittenNote:
    """Keep a note."""
    with session() as database:
        kept = Note(user_id=user, text=note.text)
        database.add(kept)
        database.commit()
        return WrittenNote.model_validate(kept)


@app.get("/notes")
def read(user: CurrentUser, after: int = 0, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[WrittenNote]:
    """The notes of who is logged in, in the order in which they were written, a page at a time."""
    with session() as database:
        found = database.scalars(
            select(Note).where(Note.user_id == user, Note.id > after).order_by(Note.id).limit(limit)
        )
        return [WrittenNote.model_validate(note) for note in found]
