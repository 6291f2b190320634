"""The API's way to its database: two small pools, bounded in time, that recover by themselves."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, Final, NamedTuple, cast

from pydantic_core import to_json
from sqlalchemy import URL, create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.pool import PoolProxiedConnection

import metrics
from batches import Batches, UnavailableError
from settings import Settings

# Two for lists and two for single users: neither waits behind the other.
THREADS: Final = 2
# Slow is not gone: a database that gets little of a busy machine's time takes seconds for what takes it a millisecond.
# Nothing in a Pod waits in vain for these: a database that is gone refuses at once.
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 6
# So long does a caller wait for a free thread, and so long for what the thread then asks.
ANSWER_SECONDS: Final = 3
WORK_SECONDS: Final = 9
PROBE_SECONDS: Final = 1
RECYCLE_SECONDS: Final = 600
# A connection that was dead before it was used says so at once, a server that does not answer after READ_SECONDS.
RETRY_WITHIN_SECONDS: Final = 1
# A goodbye that SQLAlchemy does not count as a lost connection.
SERVER_SHUTDOWN: Final = 1053
LOG_EVERY_SECONDS: Final = 1
# LIMIT's own way to say "no limit", and the largest number that it takes.
EVERY: Final = 2**64 - 1

# The driver puts the values in, quoted.
PAGE: Final = "SELECT id, username, email FROM Users ORDER BY id LIMIT %s OFFSET %s"
SOME: Final = "SELECT id, username, email FROM Users WHERE id IN %s"
PROBE: Final = "SELECT id FROM Users LIMIT 1"

log = logging.getLogger("api.database")
Rows = Sequence[tuple[Any, ...]]


class Page(NamedTuple):
    """A list of users as JSON, and the tag that tells whether it has changed."""

    body: bytes
    etag: str


class Span(NamedTuple):
    """Which of the users a page holds."""

    limit: int
    offset: int


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


class Pool:
    """SQLAlchemy's connections with the driver's own cursors: rows come as plain tuples, which costs half as much."""

    def __init__(self, settings: Settings, size: int, connect_seconds: int, read_seconds: int) -> None:
        """Connect to nothing yet: the database may start later."""
        self._engine: Engine = create_engine(
            url_of(settings),
            pool_size=size,
            max_overflow=0,
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
        self._driver: Any = self._engine.dialect.loaded_dbapi
        # Goes up when a connection was lost: those made before then are dead as well.
        self._generation = 0
        self._turn = threading.Lock()
        self._logged = -float(LOG_EVERY_SECONDS)

    def read(self, statement: str, *values: object) -> Rows:
        """Return the rows, asked for once more if a connection had been lost in the pool; or raise UnavailableError."""
        began = time.monotonic()
        try:
            try:
                return self._attempt(statement, values)
            except self._driver.Error as error:
                if not self._is_lost(error) or time.monotonic() - began > RETRY_WITHIN_SECONDS:
                    raise
                return self._attempt(statement, values)
        except self._driver.Error as error:
            metrics.FAILURES.inc()
            self._tell(error)
            raise UnavailableError from error

    def _attempt(self, statement: str, values: tuple[object, ...]) -> Rows:
        connection = self._connection()
        try:
            cursor: Any = connection.cursor()
            cursor.execute(statement, values)
            return tuple(cursor.fetchall())
        except self._driver.Error as error:
            if self._is_lost(error):
                connection.invalidate(error)
                # The server has gone, and with it all that the pool holds. Were the pool disposed of, a thread that
                # looks into it just then would wait, half a minute, for a connection that nobody will bring back.
                self._generation += 1
            raise
        finally:
            connection.close()

    def _connection(self) -> PoolProxiedConnection:
        """Return a connection that was made since the last was lost."""
        while True:
            connection: PoolProxiedConnection = self._engine.raw_connection()
            # What is noted in `info` lives as long as the driver's connection.
            if connection.info.setdefault("generation", self._generation) == self._generation:
                return connection
            connection.invalidate()
            connection.close()

    def _is_lost(self, error: Any) -> bool:
        code, *_ = error.args or (0,)
        return code == SERVER_SHUTDOWN or self._engine.dialect.is_disconnect(error, None, None)

    def _tell(self, error: Exception) -> None:
        """Tell the log, but not for each of a thousand questions a second."""
        with self._turn:
            now = time.monotonic()
            if now - self._logged < LOG_EVERY_SECONDS:
                return
            self._logged = now
        log.warning("database: %s", error)

    def count(self, state: str) -> int:
        """Return how many connections are `busy` or `idle`."""
        pool: Any = self._engine.pool
        return int(pool.checkedout() if state == "busy" else pool.checkedin())

    def close(self) -> None:
        """Close what the pool holds."""
        self._engine.dispose()


class Database:
    """What the API asks its database."""

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing yet."""
        self._pool = Pool(settings, 2 * THREADS, CONNECT_SECONDS, READ_SECONDS)
        # The probe has a connection of its own: it asks whether the database is there,
        # not whether the API is busy.
        self._probe = Pool(settings, 1, PROBE_SECONDS, PROBE_SECONDS)
        most = settings.batch
        # Each page is a question of its own: one that is slow or fails delays and fails no other.
        self._pages = Batches("users", self._read_pages, THREADS, most, ANSWER_SECONDS, 1, WORK_SECONDS)
        self._users = Batches("user", self._read_users, THREADS, most, ANSWER_SECONDS, most, WORK_SECONDS)
        self._probes = Batches("ready", self._read_probe, 1, most, 2 * PROBE_SECONDS)
        for state in ("busy", "idle"):
            metrics.CONNECTIONS.labels(state).set_function(partial(self._pool.count, state))

    async def users(self, limit: int | None, offset: int, has_left: Callable[[], bool]) -> Page:
        """Return the users in the order of their ids: all, or at most `limit` after the first `offset`."""
        # There is a page for each span, if only an empty one.
        return cast(Page, await self._pages.ask(Span(EVERY if limit is None else limit, offset), has_left))

    async def user(self, user_id: int, has_left: Callable[[], bool]) -> bytes | None:
        """Return one user as JSON, or None if nobody has this id."""
        # No column holds more than 64 bits, and a longer number would keep the server from using its index.
        return await self._users.ask(user_id, has_left) if abs(user_id) < 2**63 else None

    async def check(self) -> None:
        """Return if the table of users can be read, raise UnavailableError if not."""
        await self._probes.ask(None)

    def _read_pages(self, spans: list[Span]) -> dict[Span, Page]:
        return {span: self._read_page(span) for span in spans}

    def _read_page(self, span: Span) -> Page:
        rows = self._pool.read(PAGE, *span)
        # Rows become JSON without a model object for each, which would cost more than the query.
        body = to_json([{"user_id": user_id, "username": name, "email": email} for user_id, name, email in rows])
        return Page(body, f'"{blake2b(body, digest_size=12).hexdigest()}"')

    def _read_users(self, ids: list[int]) -> dict[int, bytes]:
        return {
            user_id: to_json({"user_id": user_id, "username": name, "email": email})
            for user_id, name, email in self._pool.read(SOME, ids)
        }

    def _read_probe(self, _: list[None]) -> dict[None, bool]:
        self._probe.read(PROBE)
        return {None: True}

    def close(self) -> None:
        """End the threads and close the connections."""
        for batches in (self._pages, self._users, self._probes):
            batches.close()
        self._pool.close()
        self._probe.close()
