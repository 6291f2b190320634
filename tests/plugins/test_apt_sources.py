"""The machine's own apt sources are taken as they are, and nothing that belongs to others."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.apt_sources import Sources, machine_sources

# A company's mirror, a third party, source packages, what is newer than the release, and what is switched off.
STANZAS = """# Written by the company.
Types: deb deb-src
URIs: https://mirror.example.org/ubuntu
Suites: noble noble-updates
 noble-backports
Components: main universe
Signed-By: /etc/apt/keyrings/company.gpg

Types: deb
URIs: https://third.example.org/repo
Suites: stable
Components: main

Enabled: no
Types: deb
URIs: https://old.example.org/ubuntu
Suites: noble-security
Components: main

Types: deb-src
URIs: https://source.example.org/ubuntu
Suites: noble
Components: main
"""
OPTIONS = "[arch=amd64 signed-by=/usr/share/keyrings/a.gpg,/etc/apt/keyrings/b.asc]"
LINES = f"""deb {OPTIONS}  http://one.example.org/debian trixie main contrib # ours
deb http://one.example.org/debian trixie-updates main
# deb http://two.example.org/debian trixie main
deb-src http://one.example.org/debian trixie main
deb http://one.example.org/debian trixie-backports main
deb http://other.example.org/ ./
"""


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_stanzas_keep_their_mirror_and_key_and_lose_what_is_newer(tmp_path: Path) -> None:
    found = machine_sources(None, written(tmp_path, ubuntu_sources=STANZAS), "noble")
    [stanza] = found.stanzas
    assert "URIs: https://mirror.example.org/ubuntu" in stanza
    assert "Suites: noble noble-updates\n" in stanza
    assert "Types: deb\n" in stanza
    assert found.keys() == ["/etc/apt/keyrings/company.gpg"]


def test_lines_keep_their_options(tmp_path: Path) -> None:
    found = machine_sources(written(tmp_path, sources_list=LINES) / "sources.list", None, "trixie")
    assert found.lines == [
        f"deb {OPTIONS} http://one.example.org/debian trixie main contrib",
        "deb http://one.example.org/debian trixie-updates main",
    ]
    assert found.keys() == ["/usr/share/keyrings/a.gpg", "/etc/apt/keyrings/b.asc"]


def test_both_formats_stand_beside_each_other(tmp_path: Path) -> None:
    parts = written(tmp_path, a_list=LINES, b_sources=STANZAS.replace("noble", "trixie"), c_list_save=LINES)
    assert {
        suffix: text.count("trixie-updates") for suffix, text in machine_sources(None, parts, "trixie").files().items()
    } == {
        "list": 1,
        "sources": 1,
    }


@pytest.mark.parametrize("text", ["", "deb http://one.example.org/debian bookworm main\n"])
def test_a_machine_without_a_source_of_its_release_has_none(tmp_path: Path, text: str) -> None:
    assert not machine_sources(written(tmp_path, sources_list=text) / "sources.list", tmp_path / "missing", "trixie")


def test_another_release_is_on_the_same_mirrors_with_the_same_keys() -> None:
    key = "Signed-By: /usr/share/keyrings/c.gpg"
    security = f"Types: deb\nURIs: http://two\nSuites: bookworm-security\n{key}"
    main = f"Types: deb\nURIs: http://one\nSuites: bookworm bookworm-updates\nComponents: main\n{key}"
    lines = ["deb http://three bookworm main", "deb http://three bookworm-updates main"]
    other = Sources(lines, [main, security]).of_suite("bookworm", "trixie")
    assert other.lines == ["deb http://three trixie main"]
    assert other.stanzas == [main.replace("bookworm bookworm-updates", "trixie")]


def test_source_packages_are_where_the_others_are() -> None:
    source = Sources(["deb http://one trixie main"], ["Types: deb\nURIs: http://one\nSuites: trixie"]).of_source()
    assert source.lines == ["deb-src http://one trixie main"]
    assert source.stanzas == ["Types: deb-src\nURIs: http://one\nSuites: trixie"]
