"""The tag of a build context changes with its content, and with nothing else."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build import dockerignore
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.context_hash import BadContext, context_tag

from nobody import as_nobody


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    (folder / "app").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (folder / "app" / "main.py").write_text("print(1)\n")
    (folder / "link").symlink_to("app/main.py")
    return folder


def test_a_copy_made_at_another_time_has_the_same_tag(context: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(context, copy, symlinks=True)
    os.utime(copy / "app" / "main.py", (1, 1))
    copy.chmod(0o700)
    assert context_tag(copy) == context_tag(context)


def test_the_tag_is_one_that_registries_take(context: Path) -> None:
    tag = context_tag(context)
    assert tag.startswith("content-")
    assert len(tag) == len("content-") + 20


@pytest.mark.parametrize("change", ["byte", "name", "link", "new", "dockerfile", "empty", "attribute", "pipe"])
def test_every_change_of_content_changes_the_tag(context: Path, change: str) -> None:
    before = context_tag(context)
    main = context / "app" / "main.py"
    if change == "byte":
        main.write_text("print(2)\n")
    elif change == "name":
        main.rename(main.with_name("other.py"))
    elif change == "empty":
        (context / "empty").mkdir()
    elif change == "attribute":
        os.setxattr(main, "user.note", b"1")
    elif change == "pipe":
        os.mkfifo(context / "pipe")
    elif change == "link":
        (context / "link").unlink()
        (context / "link").symlink_to("app/other.py")
    elif change == "new":
        (context / "new").touch()
    else:
        (context / "Dockerfile").write_text("FROM scratch\n")
    assert context_tag(context) != before


def test_arguments_of_the_build_change_the_tag(context: Path) -> None:
    tags = {
        context_tag(context),
        context_tag(context, build_args={"A": "1"}),
        context_tag(context, build_args={"A": "2"}),
        context_tag(context, target="test"),
        context_tag(context, platforms=["linux/arm64"]),
        context_tag(context, bases={"a": "sha256:1"}),
        context_tag(context, bases={"a": "sha256:2"}),
        context_tag(context, bases={"b": "sha256:1"}),
    }
    assert len(tags) == 8
    assert context_tag(context, build_args={"A": "1", "B": "2"}) == context_tag(
        context, build_args={"B": "2", "A": "1"}
    )


def test_ignored_files_do_not_count_but_a_hidden_dockerfile_does(context: Path) -> None:
    (context / ".dockerignore").write_text("Dockerfile\n*.log\n")
    before = context_tag(context)
    (context / "debug.log").write_text("x")
    assert context_tag(context) == before
    (context / "Dockerfile").write_text("FROM scratch\n")
    assert context_tag(context) != before


def test_a_list_of_the_dockerfiles_own_wins(context: Path) -> None:
    (context / ".dockerignore").write_text("")
    (context / "Dockerfile.dockerignore").write_text("*.log\n")
    before = context_tag(context)
    (context / "debug.log").write_text("x")
    assert context_tag(context) == before


@pytest.mark.parametrize("name", ["app/main.py", "app"])
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o4755, 0o1777, 0o2750])
def test_permissions_count(context: Path, name: str, mode: int) -> None:
    (context / name).chmod(0o755)
    before = context_tag(context)
    (context / name).chmod(mode)
    assert context_tag(context) != before
    (context / name).chmod(0o755)
    assert context_tag(context) == before


def test_permissions_of_what_the_build_does_not_see_do_not_count(context: Path) -> None:
    (context / ".dockerignore").write_text("app\n")
    before = context_tag(context)
    (context / "app").chmod(0o700)
    (context / "app" / "empty").mkdir()
    assert context_tag(context) == before


@pytest.mark.parametrize("name", ["", "app", "app/main.py", "Dockerfile", ".dockerignore"])
def test_what_may_not_be_read_is_said_in_one_line(name: str) -> None:
    # Below /tmp itself: pytest's folders are closed to others anyway.
    with tempfile.TemporaryDirectory() as closed:
        folder = Path(closed, "context")
        (folder / "app").mkdir(parents=True)
        for path in (folder / "Dockerfile", folder / ".dockerignore", folder / "app" / "main.py"):
            path.touch()
        Path(closed).chmod(0o755)
        (folder / name).chmod(0o000)
        with as_nobody(), pytest.raises(BadContext, match=r"cannot be read by \S+: Permission denied") as raised:
            context_tag(folder)
        (folder / name).chmod(0o700)
    assert "\n" not in str(raised.value)


def test_a_folder_that_one_may_not_enter_is_said_in_one_line(context: Path) -> None:
    context.parent.chmod(0o000)
    with as_nobody(), pytest.raises(BadContext, match=r"cannot be read by \S+: Permission denied"):
        context_tag(context)
    context.parent.chmod(0o700)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [(None, "is not a folder"), ("", "has no Dockerfile"), ("[", "not a valid pattern"), ("!", "nothing but")],
)
def test_contexts_that_cannot_be_built(tmp_path: Path, pattern: str | None, says: str) -> None:
    folder = tmp_path / "context"
    if pattern is not None:
        folder.mkdir()
    if pattern:
        (folder / "Dockerfile").touch()
        (folder / ".dockerignore").write_text(pattern)
    with pytest.raises(BadContext, match=says):
        context_tag(folder)


FILES = (
    "README.md",
    "a.pyc",
    "src/a.py",
    "src/a.pyc",
    "src/deep/b.pyc",
    "src/deep/keep.md",
    "docs/x.md",
    "docs/sub/x.md",
    "docs/sub/y.txt",
    "temp?",
    "tempa",
)

# What Docker's documentation and the tests of moby/patternmatcher say each line does.
CASES: list[tuple[str, set[str]]] = [
    ("", set()),
    ("# *", set()),
    ("\ufeffdocs", {"docs/x.md", "docs/sub/x.md", "docs/sub/y.txt"}),
    ("docs/", {"docs/x.md", "docs/sub/x.md", "docs/sub/y.txt"}),
    ("/docs/./", {"docs/x.md", "docs/sub/x.md", "docs/sub/y.txt"}),
    ("src/../docs/sub", {"docs/sub/x.md", "docs/sub/y.txt"}),
    (".", set()),
    ("*.pyc", {"a.pyc"}),
    ("*/*.pyc", {"src/a.pyc"}),
    ("**/*.pyc", {"a.pyc", "src/a.pyc", "src/deep/b.pyc"}),
    ("**.pyc", {"a.pyc", "src/a.pyc", "src/deep/b.pyc"}),
    ("**/deep", {"src/deep/b.pyc", "src/deep/keep.md"}),
    ("src/**/*.pyc", {"src/a.pyc", "src/deep/b.pyc"}),
    ("src/**", {"src/a.py", "src/a.pyc", "src/deep/b.pyc", "src/deep/keep.md"}),
    ("temp?", {"temp?", "tempa"}),
    ("temp\\?", {"temp?"}),
    ("temp[a-c]", {"tempa"}),
    ("temp[^a]", {"temp?"}),
    ("docs\n!docs/sub/x.md", {"docs/x.md", "docs/sub/y.txt"}),
    ("!docs/sub/x.md\ndocs", {"docs/x.md", "docs/sub/x.md", "docs/sub/y.txt"}),
    ("docs\n!docs/sub\ndocs/sub/y.txt", {"docs/x.md", "docs/sub/y.txt"}),
    # The legacy builder (and the Docker SDK for Python) would lose keep.md here; BuildKit does not.
    ("src\n!**/keep.md", {"src/a.py", "src/a.pyc", "src/deep/b.pyc"}),
    ("*\n!README.md", set(FILES) - {"README.md"}),
    ("  docs/sub  ", {"docs/sub/x.md", "docs/sub/y.txt"}),
    ("*.MD", set()),
    # One by one against `docker build` in tests/images/test_context.py.
    ("temp^", set()),
    ("tem\\w?", {"temp?", "tempa"}),
    ("tem\\d?", set()),
    ("README.md\r\ndocs\r\n", {"README.md", "docs/x.md", "docs/sub/x.md", "docs/sub/y.txt"}),
    ("README.md\u2028docs", set()),
    ("!docs\ndocs", {"docs/x.md", "docs/sub/x.md", "docs/sub/y.txt"}),
]


@pytest.mark.parametrize("line", ["[]a]", "[-x]", "[x-]", "[a", "a\\", "a\\q", "[^]", "!", "!/", "\udcff"])
def test_lines_that_docker_refuses(line: str) -> None:
    with pytest.raises(dockerignore.BadPattern):
        dockerignore.parse(line)


@pytest.mark.parametrize(("text", "ignored"), CASES)
def test_dockerignore(tmp_path: Path, text: str, ignored: set[str]) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    seen = {path for path, entry in dockerignore.walk(tmp_path, dockerignore.parse(text)) if entry.is_file()}
    assert set(FILES) - seen == ignored


def test_folders_that_no_exception_reaches_are_not_walked(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir(mode=0o000)
    patterns = dockerignore.parse("node_modules\n!docs/**/*.md")
    assert not [one for one in patterns if one.is_exception and one.may_match_below("node_modules")]
    assert list(dockerignore.walk(tmp_path, patterns)) == []
