"""The API's way to its database: two small pools, bounded in time, that mend themselves."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import (
    URL,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    select,
)
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from settings import Settings

POOL_SIZE: Final = 10
WAIT_SECONDS: Final = 2
CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
PROBE_SECONDS: Final = 1
RECYCLE_SECONDS: Final = 600
# A connection that was dead before it was used says so at once. What took longer was
# a server that does not answer: a second try would only double the wait.
RETRY_WITHIN_SECONDS: Final = 0.5
# A goodbye that SQLAlchemy does not count as a lost connection.
SERVER_SHUTDOWN: Final = 1053

log = logging.getLogger("uvicorn.error")
Result = TypeVar("Result")

USERS: Final = Table(
    "Users",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("username", String),
    Column("email", String),
)
ALL_USERS: Final = select(USERS.c.id, USERS.c.username, USERS.c.email)


class UnavailableError(Exception):
    """The database does not answer now; the log says why, the client is not told."""


def url_of(settings: Settings) -> URL:
    """Return the URL; URL.create takes a user, password or database with any characters."""
    return URL.create(
        "mysql+mysqldb",
        username=settings.user,
        password=settings.password,
        host=settings.host,
        port=settings.port,
        database=settings.database,
        query={"charset": "utf8mb4"},
    )


def _count_as_lost(context: ExceptionContext) -> None:
    code, *_ = context.original_exception.args or (0,)
    if code == SERVER_SHUTDOWN:
        context.is_disconnect = True


def _engine(settings: Settings, size: int, connect_seconds: int, read_seconds: int) -> Engine:
    engine = create_engine(
        url_of(settings),
        pool_size=size,
        max_overflow=0,
        pool_timeout=WAIT_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        pool_use_lifo=True,
        # Every statement is one read: no transaction to begin, none to roll back.
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "connect_timeout": connect_seconds,
            "read_timeout": read_seconds,
            "write_timeout": read_seconds,
        },
    )
    event.listen(engine, "handle_error", _count_as_lost)
    return engine


def _attempt(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    with engine.connect() as connection:
        return work(connection)


def _run(engine: Engine, work: Callable[[Connection], Result]) -> Result:
    """Do the work, once more if it met a connection that had been lost in the pool."""
    began = time.monotonic()
    try:
        try:
            return _attempt(engine, work)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            if time.monotonic() - began > RETRY_WITHIN_SECONDS:
                raise
            return _attempt(engine, work)
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        log.warning("database: %s", cause)
        raise UnavailableError from error


class Database:
    """What the API asks its database."""

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing yet: the database may start later."""
        self._engine = _engine(settings, POOL_SIZE, CONNECT_SECONDS, READ_SECONDS)
        # The probe has a connection of its own: it asks whether the database is there,
        # not whether the API is busy.
        self._probe = _engine(settings, 1, PROBE_SECONDS, PROBE_SECONDS)

    def users(self) -> list[dict[str, object]]:
        """Return every user, in the order of their ids."""
        statement = ALL_USERS.order_by(USERS.c.id)
        return [
            {"user_id": user_id, "username": username, "email": email}
            for user_id, username, email in _run(self._engine, lambda connection: connection.execute(statement).all())
        ]

    def user(self, user_id: int) -> dict[str, object] | None:
        """Return one user, or None if nobody has this id."""
        statement = ALL_USERS.where(USERS.c.id == user_id)
        row = _run(self._engine, lambda connection: connection.execute(statement).first())
        return None if row is None else {"user_id": row.id, "username": row.username, "email": row.email}

    def check(self) -> None:
        """Return if the table of users can be read, raise UnavailableError if not."""
        statement = select(USERS.c.id).limit(1)
        _run(self._probe, lambda connection: connection.execute(statement).first())

    def close(self) -> None:
        """Close what the pools hold."""
        self._engine.dispose()
        self._probe.dispose()
