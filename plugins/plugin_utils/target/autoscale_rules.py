"""How many Pods an autoscaler may run, and at which load: whether it could ever do so."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .environment_rules import Problem, Values, text_of, whole_number
from .quantities import quantity

_PARTS = ("min", "max", "cpu")


def autoscale(name: str, value: object) -> Problem:
    """The least and the most Pods, and the load to scale at; nothing for no autoscaler."""
    if not isinstance(value, Mapping) or set(value) not in (set(), set(_PARTS)):
        return f"app_{name} must have min, max and cpu, and nothing else, such as {{min: 2, max: 6, cpu: 70}}"
    numbers = {part: whole_number(value[part]) for part in value}
    for part, number in numbers.items():
        if number is None or number < 1:
            return f"app_{name}.{part} is '{text_of(value[part])}': it must be a whole number, 1 or more"
    if value and (numbers["min"] or 0) > (numbers["max"] or 0):
        return f"app_{name}.min is {value['min']}, above its max of {value['max']}: raise max, or lower min"
    return None


def find_unreachable_load(values: Values, with_database: bool) -> list[str]:
    """What keeps an autoscaler from ever scaling: a load that nobody can measure, or that no Pod can have."""
    wanted = values.get("autoscale")
    load = whole_number(wanted.get("cpu")) if isinstance(wanted, Mapping) else None
    if load is None:
        return []
    parts = ("api_resources", *(["db_resources"] if with_database else []))
    unmeasured = [part for part in parts if not _cpu(values, part, "requests")]
    if unmeasured:
        return [
            f"app_autoscale goes by the CPU that is requested, and app_{part} has none: set app_{part}.requests.cpu"
            for part in unmeasured
        ]
    limits, requests = ([_cpu(values, part, kind) for part in parts] for kind in ("limits", "requests"))
    most = 100 * sum(limits) / sum(requests)
    if all(limits) and load > most:
        return [
            f"app_autoscale.cpu is {load}, and the limits of CPU let a Pod have {int(most)} % of what it requests: "
            f"lower it, or raise {' or '.join(f'app_{part}.limits.cpu' for part in parts)}"
        ]
    return []


def _cpu(values: Values, part: str, kind: str) -> Decimal:
    given = values.get(part)
    amounts = given.get(kind) if isinstance(given, Mapping) else None
    if isinstance(amounts, Mapping) and "cpu" in amounts:
        return quantity(amounts["cpu"]) or Decimal(0)
    # Who limits and does not request has requested the limit.
    return _cpu(values, part, "limits") if kind == "requests" else Decimal(0)
