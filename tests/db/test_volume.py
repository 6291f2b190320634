"""What happens to a data directory over the life of a Pod."""

import time

from containers import IMAGE, Servers, docker, must


def test_a_changed_password_is_honoured(servers: Servers) -> None:
    """The environment is the truth, also over a data directory that is there already."""
    volume = servers.volume()
    first = servers(volume, MYSQL_ROOT_PASSWORD="old", MYSQL_USER="app", MYSQL_PASSWORD="old").ready()
    first.remove()
    second = servers(volume, MYSQL_ROOT_PASSWORD="new", MYSQL_USER="app", MYSQL_PASSWORD="new2").ready()
    assert second.answer("SELECT COUNT(*) FROM Main.Users", "app", "new2") == "100"
    assert second.sql("SELECT 1", "root", "old").returncode != 0
    assert second.sql("SELECT 1", "app", "old").returncode != 0


def test_a_user_no_longer_named_is_gone(servers: Servers) -> None:
    """A renamed account does not leave the old one open."""
    volume = servers.volume()
    servers(volume, MYSQL_USER="before", MYSQL_PASSWORD="p").ready().remove()
    second = servers(volume, MYSQL_USER="after", MYSQL_PASSWORD="p").ready()
    assert second.answer("SELECT COUNT(*) FROM Main.Users", "after", "p") == "100"
    assert second.sql("SELECT 1", "before", "p").returncode != 0


def test_rows_outlive_a_restart(servers: Servers) -> None:
    """The seed is copied once, not over what is there."""
    volume = servers.volume()
    first = servers(volume).ready()
    first.answer("INSERT INTO Main.Users (username, email) VALUES ('New', 'n@x')")
    first.remove()
    second = servers(volume).ready()
    assert second.answer("SELECT MAX(id) FROM Main.Users") == "101"


def test_rows_outlive_a_kill(servers: Servers) -> None:
    """SIGKILL, then a start of the same container."""
    server = servers(servers.volume()).ready()
    server.answer("INSERT INTO Main.Users (username, email) VALUES ('New', 'n@x')")
    must("kill", server.name)
    must("start", server.name)
    server.ready()
    assert server.answer("SELECT MAX(id) FROM Main.Users") == "101"


def test_a_half_copied_directory_is_started_over(servers: Servers) -> None:
    """Killed while it copied: what is there is junk, and must not be opened."""
    volume = servers.volume()
    must(
        *("run", "--rm", "--network", "none", "--volume", f"{volume}:/var/lib/mysql"),
        *(IMAGE, "sh", "-c"),
        "cd /var/lib/mysql && : >.seed-copying && mkdir mysql"
        " && head -c 100000 /usr/share/mysql-seed/ibdata1 >ibdata1 && : >junk",
    )
    server = servers(volume).ready()
    assert "starting over" in server.log()
    assert server.answer("SELECT COUNT(*) FROM Main.Users") == "100"
    assert "junk" not in server.shell("ls -A /var/lib/mysql")


TOOLS = ("sync", "cp", "mv")


def with_tools(servers: Servers, script: str) -> list[str]:
    """Mount a folder whose sync, cp and mv run the script, which has the real one in $tool, before all others."""
    tools = servers.volume()
    wrapped = f'#!/bin/sh\ntool=/usr/bin/${{0##*/}}; [ -e "$tool" ] || tool=/bin/${{0##*/}}\n{script}\n'
    must(
        *("run", "--rm", "--interactive", "--user", "0", "--network", "none", "--volume", f"{tools}:/tools"),
        *("--env", "WRAPPED", IMAGE, "sh", "-c"),
        f'for name in {" ".join(TOOLS)}; do printf %s "$WRAPPED" >/tools/$name; chmod 755 /tools/$name; done',
        environment={"WRAPPED": wrapped},
    )
    return ["--volume", f"{tools}:/usr/local/sbin"]


def test_what_was_copied_is_on_the_disk_before_it_counts(servers: Servers) -> None:
    """A node that loses its power keeps what was synced, in this order; the rest it may keep in any."""
    options = with_tools(servers, 'echo "step ${0##*/} $*" >&2; exec "$tool" "$@"')
    server = servers(servers.volume(), *options).ready()
    steps = [line.split() for line in server.log().splitlines() if line.startswith("step ")]
    assert [step[1] for step in steps] == ["sync", "cp", "sync", "mv"]
    data = "/var/lib/mysql"
    assert steps[0][2:] == [f"{data}/.seed-copying", data]
    files = server.shell(f"cd /usr/share/mysql-seed && find . -mindepth 1 -printf '{data}/%P\\n'").split()
    assert {data, *files} <= set(steps[2][2:])


def test_a_copy_that_cannot_be_synced_does_not_count(servers: Servers) -> None:
    """The disk is full or broken: the next start begins again, and never serves what may not be there."""
    volume = servers.volume()
    broken = servers(
        volume,
        *with_tools(servers, 'case ${0##*/}:$# in sync:1 | sync:2) ;; sync:*) exit 1 ;; esac; exec "$tool" "$@"'),
    )
    assert broken.wait() != 0
    broken.remove()
    server = servers(volume).ready()
    assert "starting over" in server.log()
    assert server.answer("SELECT COUNT(*) FROM Main.Users") == "100"


def test_killed_at_any_moment_of_its_start_it_comes_up(servers: Servers) -> None:
    """The same container, killed earlier and later in its initialisation."""
    server = servers(servers.volume(), MYSQL_USER="app", MYSQL_PASSWORD="p")
    for moment in (0.0, 0.05, 0.1, 0.3):
        time.sleep(moment)
        docker("kill", server.name)
        must("start", server.name)
    server.ready()
    assert server.answer("SELECT COUNT(*) FROM Main.Users", "app", "p") == "100"


def test_somebody_elses_directory_is_left_alone(servers: Servers) -> None:
    """Files without the image's own marker are not its to delete."""
    volume = servers.volume()
    must(
        *("run", "--rm", "--network", "none", "--volume", f"{volume}:/var/lib/mysql"),
        *(IMAGE, "sh", "-c", "echo precious >/var/lib/mysql/ibdata1"),
    )
    server = servers(volume)
    assert server.wait() == 1
    assert "holds files that this image did not put there" in server.log()
    kept = must(
        *("run", "--rm", "--network", "none", "--volume", f"{volume}:/var/lib/mysql"),
        *(IMAGE, "cat", "/var/lib/mysql/ibdata1"),
    )
    assert kept == "precious\n"


def test_sigterm_ends_it_cleanly(servers: Servers) -> None:
    """A Pod that goes away does not wait for SIGKILL (which would be exit code 137), and nothing needs recovery."""
    server = servers().ready()
    must("stop", "--time", "60", server.name)
    assert server.inspect("{{.State.ExitCode}}") == "0"
    assert "Shutdown complete" in server.log()
