"""Which system this machine has, as its os-release says, and what that system calls the platform's packages."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.os_release import os_release
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.platform.distributions import (
    TABLE,
    Distribution,
    distribution_of,
)

ENTRIES = yaml.safe_load(TABLE.read_text())
DEBIAN_13 = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'
MINT = 'PRETTY_NAME="Mint 22"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n'
NEWER = "PRETTY_NAME='Ubuntu 31.04'\nID=ubuntu\nID_LIKE=debian\nVERSION_ID=31.04\nVERSION_CODENAME=zesty-zebra\n"
ROLLING = 'PRETTY_NAME="Kali GNU/Linux Rolling"\nID=kali\nID_LIKE=debian\nVERSION_CODENAME=kali-rolling\n'


def found(text: str) -> Distribution:
    return distribution_of(os_release(text), ENTRIES)


@pytest.mark.parametrize(
    ("text", "title", "image"),
    [(DEBIAN_13, "Debian 13", "debian-python:13"), (MINT, "Ubuntu 24.04", "ubuntu-python:24.04")],
)
def test_a_system_is_known_by_the_release_whose_packages_it_takes(text: str, title: str, image: str) -> None:
    one = found(text)
    assert (one.title, one.base_image, one.known) == (title, image, True)


@pytest.mark.parametrize(
    ("text", "suite", "image", "like"),
    [
        (NEWER, "zesty-zebra", "ubuntu-python:31.04", "ubuntu-26.04"),
        (ROLLING, "kali-rolling", "kali-python:kali-rolling", "debian-13"),
        ("ID=fedora\nVERSION_ID=44\n", "unknown", "fedora-python:44", "debian-13"),
    ],
)
def test_one_that_is_not_in_the_table_needs_what_the_newest_of_its_family_does(
    text: str, suite: str, image: str, like: str
) -> None:
    one = found(text)
    assert (one.suite, one.base_image, one.known) == (suite, image, False)
    wanted = {package.partition("=")[0] for part in ENTRIES[like]["packages"].values() for package in part}
    assert set(one.package_names()) == wanted
    assert not any("=" in package for part in one.packages.values() for package in part)


def test_every_system_has_packages_for_every_part() -> None:
    parts = {"base", "docker", "docker_from_trixie", "kubernetes", "images"}
    assert {name: set(entry["packages"]) for name, entry in ENTRIES.items()} == dict.fromkeys(ENTRIES, parts)


def test_this_machine_says_what_it_is() -> None:
    assert os_release()["ID"]
