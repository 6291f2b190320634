"""Dump the database of a target from its server's own Pod, and load a dump there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import UserError
from ..kube.client import KubeClient
from ..kube.errors import KubeError, one_line
from ..kube.pod_exec import ERR, OUT, Place, TimedOutError, execute
from .archive import Content

# As root, whose password is in the container's environment: no password is in any argument. MariaDB 11 has no program
# mysqldump, and MySQL none that is called mariadb-dump. `empty` makes a database anew, with the other's character set.
_BEGIN = """set -eu
export MYSQL_PWD="$MYSQL_ROOT_PASSWORD"
sql() { "$(command -v mariadb || echo mysql)" --user=root --default-character-set=utf8mb4 "$@"; }
dump() {
  "$(command -v mariadb-dump || echo mysqldump)" --user=root --default-character-set=utf8mb4 --single-transaction \\
    --quick --routines --triggers --events --hex-blob --order-by-primary --skip-comments "$1"
}
empty() {
  like=$(sql --batch --skip-column-names --execute="SELECT CONCAT('CHARACTER SET ', default_character_set_name,
    ' COLLATE ', default_collation_name) FROM information_schema.schemata WHERE schema_name = $2")
  sql --execute="DROP DATABASE IF EXISTS $1; CREATE DATABASE $1 $like"
}
"""
_DUMP = _BEGIN + 'dump "$1"\n'
# Into a database beside it, which nobody uses, and back as a digest: that it can be loaded is known before anything is
# lost.
_STAGE = (
    _BEGIN
    + """
empty "$2" "$1"
head -c "$4" | sql "$3"
dump "$3" | sha256sum
"""
)
# While the API's account is locked, so that what is dumped in the end is what was loaded. It is let in again however
# this ends.
_REPLACE = (
    _BEGIN
    + """
account=$6
let_in() { [ -z "$account" ] || sql --execute="ALTER USER $account ACCOUNT UNLOCK"; }
trap let_in EXIT
trap 'exit 1' HUP INT TERM PIPE
if [ -n "$account" ]; then
  sql --execute="ALTER USER $account ACCOUNT LOCK"
  sql --batch --skip-column-names --execute="SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist
    WHERE user = $7" | sql --force
fi
empty "$2" "$1"
dump "$5" | sql "$3"
dump "$3" | sha256sum
sql --execute="DROP DATABASE $4"
"""
)
# What a command writes of its errors is told to this length.
_TOLD = 600


@dataclass(frozen=True)
class Server:
    """The server of a target, and the time in seconds that each step may take."""

    client: KubeClient
    place: Place
    database: str
    user: str
    seconds: float

    @property
    def staging(self) -> str:
        """The database beside it; no longer than names may be (64 characters)."""
        return f"{self.database[:50]}__restoring"

    def dump(self) -> Iterator[bytes]:
        """All of the database, as SQL: the same bytes for the same content."""
        return self._run(_DUMP, [self.database])

    def stage(self, pieces: Iterable[bytes], content: Content) -> None:
        """Load a dump beside what is there. Raises KubeError where what comes of it is not what was dumped."""
        arguments = [text(self.database), identifier(self.staging), self.staging, str(content.size)]
        self._proved(b"".join(self._run(_STAGE, arguments, pieces)), content, "Nothing was changed.")

    def replace(self, content: Content, kept: str) -> None:
        """Put what was staged in the place of what is there, which is kept in a file. Raises KubeError."""
        account = "" if self.user == "root" else f"{text(self.user)}@'%'"
        arguments = [text(self.database), identifier(self.database), self.database, identifier(self.staging)]
        arguments += [self.staging, account, text(self.user)]
        told = f"What was there before is in {kept}: make restore FILE={kept} brings it back."
        try:
            written = b"".join(self._run(_REPLACE, arguments))
        except KubeError as error:
            raise KubeError(f"{error} {told}") from error
        self._proved(written, content, told)

    def _proved(self, digest: bytes, content: Content, told: str) -> None:
        if digest.split()[:1] != [content.digest.encode()]:
            raise KubeError(f"What was loaded is not what the backup holds ({one_line(digest.decode())[:80]}). {told}")

    def _run(self, script: str, arguments: list[str], given: Iterable[bytes] | None = None) -> Iterator[bytes]:
        """What it writes. Raises KubeError where it fails, with the end of its errors."""
        errors = b""
        running = execute(self.client, self.place, ["sh", "-c", script, "sh", *arguments], self.seconds, given)
        try:
            while True:
                channel, data = next(running)
                if channel == OUT:
                    yield data
                elif channel == ERR:
                    errors = (errors + data)[-_TOLD:]
        except StopIteration as stop:
            if stop.value.code:
                said = one_line(errors.decode("utf-8", "replace")) or f"exit status {stop.value.code}"
                raise KubeError(f"The database of {self.place.pod} refuses: {said}.") from None
            if stop.value.code is None:
                raise KubeError(f"Nothing could be run in {self.place.pod}: {stop.value.message}.") from None
        except TimedOutError as error:
            raise KubeError(f"{error}. Give it longer: -e backup_timeout=…, in seconds.") from error
        finally:
            running.close()


def identifier(name: str) -> str:
    """A name as SQL writes it."""
    return "`" + name.replace("`", "``") + "`"


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def of_target(client: KubeClient, target: dict[str, object], seconds: float) -> Server:
    """The server of a target whose database is shared. Raises UserError for another one's."""
    mode = str(target["db_mode"])
    if mode != "shared":
        why = {
            "pod": "each Pod has a copy of its own, made from the image",
            "external": "the server is yours, and so is what dumps it",
            "none": "it has no database",
        }
        raise UserError(f"There is nothing to back up or restore with app_db_mode {mode}: {why.get(mode, 'unknown')}.")
    place = Place(str(target["namespace"]), f"{target['name']}-db-0", "mysql")
    return Server(client, place, str(target["database"]), str(target["user"]), seconds)
