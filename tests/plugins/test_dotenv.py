"""Compose reads back what the filter writes; Docker's own parser is asked by tests/integration."""

from __future__ import annotations

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.filter.dotenv import dotenv


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        ("a b#c'd", '"a b#c\'d"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("$HOME ${x} $(y)", '"\\$HOME \\${x} \\$(y)"'),
        ("back\\slash", '"back\\\\slash"'),
        ('\\"$', '"\\\\\\"\\$"'),
        (8000, '"8000"'),
    ],
)
def test_special_characters_are_escaped(value: object, text: str) -> None:
    assert dotenv(value) == text
