"""The users of a MySQL database, as JSON."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from anyio import CapacityLimiter, Semaphore, fail_after, to_thread
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from pydantic_core import to_json

from database import POOL_SIZE, PROBE_SECONDS, WAIT_SECONDS, Database, UnavailableError
from settings import Settings, SettingsError


class User(BaseModel):
    """One row of the table Users."""

    user_id: int
    username: str
    email: str


class Ready(BaseModel):
    """The database answers."""

    status: str = "ready"


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


try:
    database = Database(Settings.from_environment(os.environ))
except SettingsError as fault:
    raise SystemExit(f"The API cannot start: {fault}.") from None

turns = Semaphore(POOL_SIZE)
probes = CapacityLimiter(1)


async def turn() -> AsyncIterator[None]:
    """Wait for a free connection before a thread is taken, but not for ever."""
    try:
        with fail_after(WAIT_SECONDS):
            await turns.acquire()
    except TimeoutError:
        raise UnavailableError from None
    try:
        yield
    finally:
        turns.release()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Have as many threads as connections."""
    to_thread.current_default_thread_limiter().total_tokens = POOL_SIZE
    yield
    database.close()


server = FastAPI(title="Users", version="1.0.0", lifespan=lifespan)
one_turn = [Depends(turn, scope="function")]
Responses = dict[int | str, dict[str, Any]]
unavailable: Responses = {503: {"model": Problem, "description": "The database does not answer"}}
unknown: Responses = {404: {"model": Problem, "description": "Nobody has this id"}}


@server.exception_handler(UnavailableError)
async def answer_unavailable(_: Request, __: Exception) -> Response:
    """Tell the client when to come back, and nothing about the database."""
    problem = {"detail": "The database is not available"}
    return JSONResponse(problem, status_code=503, headers={"Retry-After": "1"})


@server.get("/status")
async def get_status() -> int:
    """Say that the API is up, whatever the database does."""
    return 1


@server.get("/ready", responses=unavailable)
async def get_ready() -> Ready:
    """Say whether the database answers, within a bounded time."""
    try:
        with fail_after(2 * PROBE_SECONDS):
            await to_thread.run_sync(database.check, abandon_on_cancel=True, limiter=probes)
    except TimeoutError:
        raise UnavailableError from None
    return Ready()


@server.get("/users", response_model=list[User], responses=unavailable, dependencies=one_turn)
def get_users() -> Response:
    """Return all users, in the order of their ids."""
    # Rows become JSON without a model object for each, which would cost more than the query.
    return Response(to_json(database.users()), media_type="application/json")


@server.get(
    "/users/{user_id}",
    response_model=User,
    responses=unknown | unavailable,
    dependencies=one_turn,
)
def get_user(user_id: Annotated[int, Path(examples=[1])]) -> Response:
    """Return one user."""
    user = database.user(user_id)
    if user is None:
        raise HTTPException(status_code=404, detail="Unknown User ID")
    return Response(to_json(user), media_type="application/json")
