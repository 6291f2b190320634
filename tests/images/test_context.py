"""What our list of a build context says, against what `docker build` puts into an image."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.build_context import BadContext, open_context

from sizes import DOCKER

FILES = (
    "README.md",
    "a.b",
    "aXb",
    "a^b.txt",
    "axb.txt",
    "]a",
    "]",
    "a",
    "-",
    "x",
    "ad",
    "a1",
    "a\\d",
    "a\u2028b",
    "a\nb",
    "Müller",
    "temp?",
    "tempa",
    "src/a.py",
    "src/a.pyc",
    "src/deep/b.pyc",
    "src/deep/keep.md",
    "docs/x.md",
    "docs/sub/x.md",
    "docs/sub/y.txt",
    "only/here/file",
)
LISTS = (
    "",
    "*",
    "**",
    "a^b.txt",
    "*\n!a^b.txt",
    "*\n!a^b*",
    "^a",
    "^a*",
    "[]a]",
    "[-x]",
    "[x-]",
    "[a",
    "[^]",
    "[^a]",
    "[*]",
    "[?]*",
    "a\\",
    "a\\d",
    "a\\\\d",
    "\\a\\w",
    "a\\q",
    "a\\n*",
    "[[:alpha:]]",
    "[[:alpha:]]]",
    "[a-]]",
    "[\\]]a",
    "[\\d]",
    "\ufeff*.md",
    "docs\r\nsrc\r\n",
    "a\u2028b",
    "a\u00a0",
    "a?b",
    "a.b",
    "a+b",
    "(a|x)",
    "M?ller",
    "Müller",
    "**/*.pyc",
    "**.pyc",
    "***.pyc",
    "**a",
    "**/deep",
    "**/deep/**",
    "src/**",
    "src/**/b.pyc",
    "s**c",
    "docs\n!docs/sub/x.md",
    "docs\n!docs/sub\ndocs/sub/y.txt",
    "docs\n!docs/sub/x.md\ndocs",
    "src\n!**/keep.md",
    "src\n!src/*/keep.md",
    "*\n!docs/*",
    "*\n!docs/**",
    "*\n!only/nowhere",
    "only\n!only/here/nothing",
    "!docs\ndocs",
    "!",
    "!/",
    "/",
    ".",
    "..",
    "../x",
    "!../x",
    "/docs",
    "./docs/../src",
    "  docs  ",
    " #docs",
    "#docs",
    "! docs",
    "empty",
    "*\n!empty",
)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """Files of every kind that a pattern could take for another."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("/nowhere")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /ctx/\n")
    return tmp_path


def built(context: Path) -> dict[str, int] | None:
    """Names and permissions of what is in the image; None when Docker refuses."""
    done = subprocess.run(
        [DOCKER, "buildx", "build", "--builder=default", "--quiet", "--output=type=tar,dest=-", str(context)],
        capture_output=True,
        check=False,
        env=os.environ | {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
    )
    if done.returncode:
        return None
    archive = context.parent / f"{context.name}.tar"
    archive.write_bytes(done.stdout)
    with tarfile.open(archive) as image:
        return {one.name.removeprefix("ctx/"): one.mode for one in image if one.name.startswith("ctx/")}


def listed(context: Path) -> dict[str, int] | None:
    """The same, as we have it."""
    try:
        entries = dict(open_context(context).entries())
    except BadContext:
        return None
    return {path: entry.stat(follow_symlinks=False).st_mode & 0o7777 for path, entry in entries.items()}


@pytest.mark.parametrize("ignore", LISTS)
def test_every_list_hides_what_docker_hides(context: Path, ignore: str) -> None:
    """Files, links and folders, and which lists are refused."""
    (context / ".dockerignore").write_bytes(ignore.encode())
    assert listed(context) == built(context)


def test_permissions_are_those_of_the_context(context: Path) -> None:
    """Of files and of folders, all bits of them; only the context's own folder does not count."""
    for name, mode in (("a", 0o600), ("x", 0o4711), ("docs", 0o2750), ("empty", 0o1777)):
        (context / name).chmod(mode)
    context.chmod(0o700)
    there = built(context)
    assert there == listed(context)
    assert there is not None
    assert (there["x"], there["docs"]) == (0o4711, 0o2750)


@pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore", "Dockerfile"])
@pytest.mark.parametrize("absolute", [False, True])
def test_a_link_out_of_the_context_is_refused(context: Path, name: str, absolute: bool) -> None:
    """Docker does not follow it: it refuses a Dockerfile, and takes a list for none."""
    outside = context.with_name(f"{context.name}-outside")
    outside.write_text("FROM scratch\nCOPY . /ctx/\n" if name == "Dockerfile" else "*.md\n")
    (context / name).unlink(missing_ok=True)
    (context / name).symlink_to(outside if absolute else f"../{outside.name}")
    with pytest.raises(BadContext, match="a link that a build does not follow"):
        open_context(context)
    there = built(context)
    assert there is None or "README.md" in there


def test_a_link_within_the_context_is_followed(context: Path) -> None:
    """Relative to where it is."""
    (context / "docs" / "list").write_text("*.md\n")
    (context / ".dockerignore").symlink_to("docs/list")
    there = built(context)
    assert there == listed(context)
    assert there is not None and "README.md" not in there
