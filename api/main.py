"""The users of a MySQL database, as JSON."""

import gc
import os
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field

import metrics
from batches import UnavailableError
from clients import has_left
from database import Database
from observe import Observer
from settings import Settings, SettingsError


class User(BaseModel):
    """One row of the table Users."""

    user_id: int = Field(examples=[1])
    username: str = Field(examples=["August"])
    email: str = Field(examples=["august@example.com"])


class Ready(BaseModel):
    """The database answers."""

    status: str = Field(default="ready", examples=["ready"])


class Problem(BaseModel):
    """Why there is no answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"detail": "Unknown User ID"}]})
    detail: str


try:
    settings = Settings.from_environment(os.environ)
except SettingsError as fault:
    raise SystemExit(f"The API cannot start: {fault}.") from None

database = Database(settings)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Leave no connection behind."""
    # What is there now stays for good: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    yield
    database.close()


server = FastAPI(title="Users", version="1.0.0", lifespan=lifespan, docs_url=None, redoc_url=None)
server.add_middleware(Observer, log_all=settings.log_all)

Responses = dict[int | str, dict[str, Any]]
gone = "The database is not available"
unavailable: Responses = {
    503: {
        "model": Problem,
        "description": "The database does not answer, or too many ask it: come back after Retry-After seconds",
        "content": {"application/json": {"example": {"detail": gone}}},
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
    }
}
unknown: Responses = {404: {"model": Problem, "description": "Nobody has this id"}}
unchanged: Responses = {304: {"description": "Still what If-None-Match names"}}


@server.exception_handler(UnavailableError)
async def answer_unavailable(_: Request, __: Exception) -> Response:
    """Tell the client when to come back, and nothing about the database."""
    return JSONResponse({"detail": gone}, status_code=503, headers={"Retry-After": "1"})


@server.get("/users", tags=["users"], response_model=list[User], responses=unavailable | unchanged)
async def get_users(
    request: Request,
    limit: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="How many at most; all without it")] = None,
    offset: Annotated[int, Query(ge=0, le=2**63 - 1, description="How many to leave out first")] = 0,
    if_none_match: Annotated[str | None, Header(description="The ETag of an earlier answer")] = None,
) -> Response:
    """Return the users, in the order of their ids."""
    page = await database.users(limit, offset, partial(has_left, request.receive))
    headers = {"ETag": page.etag, "Cache-Control": "private, no-cache"}
    if if_none_match and page.etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type="application/json", headers=headers)


@server.get("/users/{user_id}", tags=["users"], response_model=User, responses=unknown | unavailable)
async def get_user(request: Request, user_id: Annotated[int, Path(examples=[1])]) -> Response:
    """Return one user."""
    user = await database.user(user_id, partial(has_left, request.receive))
    if user is None:
        raise HTTPException(status_code=404, detail="Unknown User ID")
    return Response(user, media_type="application/json")


@server.get("/status", tags=["state"])
async def get_status() -> int:
    """Say that the API is up, whatever the database does."""
    return 1


@server.get("/ready", tags=["state"], responses=unavailable)
async def get_ready() -> Ready:
    """Say whether the database answers, within a bounded time."""
    await database.check()
    return Ready()


@server.get("/metrics", tags=["state"], response_class=Response)
async def get_metrics() -> Response:
    """Return what Prometheus collects."""
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


class Assets(StaticFiles):
    """What /docs loads: the same for everybody, until the image is another one."""

    def file_response(self, *arguments: Any, **named: Any) -> Response:
        """Return the file, to be kept for an hour."""
        response = super().file_response(*arguments, **named)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


# The scripts and styles of /docs come with a package: a browser needs no internet.
server.mount("/assets", Assets(packages=[("fastapi_swagger", "resources")]))
DOCS = get_swagger_ui_html(
    title=server.title,
    openapi_url="openapi.json",
    swagger_js_url="assets/swagger-ui-bundle.js",
    swagger_css_url="assets/swagger-ui.css",
    swagger_favicon_url="assets/favicon-32x32.png",
).body
# The page may run its own scripts, and no other that somebody might get into it: the one inside is named by its hash.
SCRIPTS = " ".join(
    f"'sha256-{b64encode(sha256(script).digest()).decode()}'"
    for script in re.findall(rb"<script>(.*?)</script>", DOCS, re.DOTALL)
)
DOCS_POLICY = (
    f"default-src 'none'; script-src 'self' {SCRIPTS}; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@server.get("/docs", include_in_schema=False)
async def get_docs() -> Response:
    """Show the API, to be tried out."""
    return HTMLResponse(DOCS, headers={"Content-Security-Policy": DOCS_POLICY})
