"""Quantities as Kubernetes reads them: 500m, 0.5, 128Mi, 1e3."""

from __future__ import annotations

import re
from decimal import Decimal

from .written import as_text

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([eE][+-]?[0-9]{1,3})|(|[numkMGTPE]|[KMGTPE]i))")
_DECIMAL = {
    unit: Decimal(1000) ** power for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
}
_BINARY = {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_UNITS = _DECIMAL | _BINARY


def quantity(value: object) -> Decimal | None:
    """What a quantity comes to; None for what is not one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    found = _QUANTITY.fullmatch(as_text(value))
    if not found:
        return None
    number, exponent, unit = found.groups()
    return Decimal(f"{number}{exponent}") if exponent else Decimal(number) * _UNITS[unit]
