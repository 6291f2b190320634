"""What molecule holds the account against is rendered by the Role's own template, outside of its role."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OF_A_TARGET = re.compile(r"\b(?:__)?(?:app|deployer|target)_\w+")
# What the inventory of molecule says of its target.
GIVEN = {"app_namespace"}


def test_it_gives_the_template_every_variable_that_it_reads() -> None:
    template = (ROOT / "roles/deployer/templates/deployer.yml.j2").read_text(encoding="utf-8")
    [play] = yaml.safe_load((ROOT / "molecule/default/account.yml").read_text(encoding="utf-8"))
    assert set(OF_A_TARGET.findall(template)) - set(play["tasks"][0]["vars"]) == GIVEN
