"""What the image promises to those who run it."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import pytest

from containers import IMAGE, Server, Servers, docker, must

AWKWARD = [
    "datascientest1234",
    "a@b/c:d%e?f#g",
    'it\'s "quoted" `twice`',
    "back\\slash\\'; DROP USER root@localhost; --",
    "$HOME $(id) `id` ${X} * ~ !",
    " pässwörd 密码 🔑 ",
    "two;\nlines\n",
    "--" + "p" * 5000,
]
USERS = ["app", "it's", 'a"b', "back\\slash", "ü@ser", "a`b"]
DATABASES = ["Main", "it's", "a`b"]


def test_holds_the_hundred_users(server: Server) -> None:
    """One source, 100 rows, August first and Linda second."""
    assert server.answer("SELECT COUNT(*), MIN(id), MAX(id) FROM Main.Users") == ("100\t1\t100")
    assert server.answer("SELECT username FROM Main.Users WHERE id <= 2").split() == [
        "August",
        "Linda",
    ]
    assert server.answer("SELECT COUNT(DISTINCT username, email) FROM Main.Users") == ("100")


def test_table_is_the_exams(server: Server) -> None:
    """The columns' names and the key are those that an API relies on."""
    lines = server.answer("DESCRIBE Main.Users").splitlines()
    assert [line.split("\t")[0] for line in lines] == ["id", "username", "email"]
    assert lines[0].split("\t")[1:] == [
        "int(11)",
        "NO",
        "PRI",
        "NULL",
        "auto_increment",
    ]


@pytest.mark.parametrize("user", ["root", "app"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_refuses_a_wrong_password(server: Server, user: str, password: str) -> None:
    """Neither an empty nor a wrong password opens it, and `mysql` says so."""
    done = server.sql("SELECT 1", user, password)
    assert done.returncode != 0
    assert "Access denied" in done.stderr


def test_nobody_else_has_an_account(server: Server) -> None:
    """No anonymous user, no account from the build."""
    users = server.answer("SELECT CONCAT(user, '@', host) FROM mysql.user ORDER BY 1")
    assert users.split() == [
        "app@%",
        "mariadb.sys@localhost",
        "root@%",
        "root@localhost",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO Main.Users (username, email) VALUES ('x', 'y')",
        "UPDATE Main.Users SET username = 'x'",
        "DELETE FROM Main.Users",
        "DROP TABLE Main.Users",
        "CREATE TABLE Main.Other (id INT)",
        "SELECT * FROM mysql.global_priv",
        "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/x'",
    ],
)
def test_application_user_only_reads(server: Server, statement: str) -> None:
    """The API's account can SELECT from its database, and nothing more."""
    assert server.answer("SELECT COUNT(*) FROM Main.Users", "app", "secret") == "100"
    done = server.sql(statement, "app", "secret")
    assert done.returncode != 0
    assert "denied" in done.stderr


def test_runs_as_nobody_special_on_a_read_only_root(server: Server) -> None:
    """Non-root by number, root file system read-only, the server itself is process 1."""
    assert must("inspect", "--format", "{{.Config.User}}", IMAGE).strip() == "10002:10002"
    assert server.shell("id -u; id -g").split() == ["10002", "10002"]
    assert server.shell("touch /x 2>&1 || true").endswith("Read-only file system")
    assert server.shell("readlink /proc/1/exe") == "/usr/sbin/mariadbd"


def test_listens_on_loopback_only(server: Server) -> None:
    """The API is in the same Pod: nobody else needs the port."""
    listening = server.shell("grep ' 0A ' /proc/net/tcp /proc/net/tcp6 || true")
    assert [line.split()[2] for line in listening.splitlines()] == ["0100007F:0CEA"]


def test_secrets_are_nowhere_to_be_read(servers: Servers) -> None:
    """Not in arguments, not in the server's environment, not in files, not in the log."""
    server = servers(MYSQL_ROOT_PASSWORD="T0pSecret", MYSQL_USER="app", MYSQL_PASSWORD="AppS3cret").ready()
    secret = "T0pSecret|AppS3cret"
    for place in ("cmdline", "environ"):
        shown = server.shell(f"tr '\\0' ' ' </proc/1/{place}")
        assert shown and "cret" not in shown
    assert server.shell(f"grep -rlE '{secret}' /tmp /run /var/lib/mysql; :") == ""
    assert "cret" not in server.log()


def test_is_ready_within_a_pods_memory(servers: Servers) -> None:
    """Its container may have 256 MiB; how soon it is ready is measured by bench/images/measure.py."""
    server = servers().ready()
    usage = must("stats", "--no-stream", "--format", "{{.MemPerc}}", server.name)
    assert float(usage.strip().removesuffix("%")) < 90
    assert server.inspect("{{.State.OOMKilled}} {{.RestartCount}}") == "false 0"


def test_takes_any_password_and_any_name(servers: Servers) -> None:
    """Passwords, users and databases are data, never SQL: the same characters on both sides, whatever they are."""
    stories = list(zip(AWKWARD, cycle(USERS), cycle(DATABASES)))
    # All start at once: most of a start is waiting.
    started = [
        servers(MYSQL_ROOT_PASSWORD=password, MYSQL_USER=user, MYSQL_PASSWORD=password + "2", MYSQL_DATABASE=database)
        for password, user, database in stories
    ]
    for server, (password, user, database) in zip(started, stories, strict=True):
        table = "`" + database.replace("`", "``") + "`.Users"
        assert server.ready().answer(f"SELECT COUNT(*) FROM {table}", user, password + "2") == "100"
        assert server.sql("SELECT 1", user, password).returncode != 0
        assert database == "Main" or server.sql("SELECT 1 FROM Main.Users", user, password + "2").returncode != 0


def test_listens_where_it_is_told(servers: Servers) -> None:
    """MYSQL_TCP_PORT and MYSQL_BIND_ADDRESS."""
    server = servers(MYSQL_TCP_PORT="13306", MYSQL_BIND_ADDRESS="0.0.0.0").ready()
    listening = server.shell("grep ' 0A ' /proc/net/tcp")
    assert [line.split()[1] for line in listening.splitlines()] == ["00000000:33FA"]


def test_another_command_runs_instead() -> None:
    """As in the stock images: options go to the server, a command replaces it."""
    version = must("run", "--rm", "--network", "none", IMAGE, "mysql", "--version")
    assert "10.11" in version


REFUSED: list[tuple[dict[str, str], str]] = [
    ({}, "MYSQL_ROOT_PASSWORD is not set or empty."),
    ({"MYSQL_ROOT_PASSWORD": ""}, "MYSQL_ROOT_PASSWORD is not set or empty."),
    (
        {"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "app"},
        "MYSQL_USER is set, MYSQL_PASSWORD is not set or empty.",
    ),
    (
        {"MYSQL_ROOT_PASSWORD": "x", "MYSQL_USER": "root", "MYSQL_PASSWORD": "x"},
        "MYSQL_USER is root, whose password is MYSQL_ROOT_PASSWORD: " + "leave MYSQL_USER out.",
    ),
    (
        {"MYSQL_ROOT_PASSWORD": "x", "MYSQL_TCP_PORT": "tcp://10.0.0.1:3306"},
        "MYSQL_TCP_PORT: 'tcp://10.0.0.1:3306' is not a port.",
    ),
    (
        {"MYSQL_ROOT_PASSWORD": "x", "MYSQL_TCP_PORT": "65536"},
        "MYSQL_TCP_PORT: '65536' is not a port.",
    ),
]


def test_refuses_a_bad_environment() -> None:
    """One clear line, exit status 1."""

    def refusal(environment: dict[str, str]) -> tuple[int, str]:
        variables = [part for name in environment for part in ("--env", name)]
        done = docker(
            *("run", "--rm", "--network", "none", "--read-only", *variables, IMAGE),
            environment=environment,
        )
        return done.returncode, done.stderr

    with ThreadPoolExecutor() as threads:
        refusals = list(threads.map(refusal, [environment for environment, _ in REFUSED]))
    assert refusals == [(1, f"The database cannot start: {message}\n") for _, message in REFUSED]
