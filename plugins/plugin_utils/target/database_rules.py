"""Where the database of a target is, and what that asks of its other variables."""

from __future__ import annotations

import ipaddress

from ..database_mode import MODES, mode_of
from .environment_rules import Problem, Values, text_of
from .names import LABEL, LABEL_LENGTH, SUBDOMAIN
from .quantities import quantity

# What runs beside the API, and so needs a database that it reaches, or none.
_BESIDE = ("workers", "cron", "migrate_command")


def mode(name: str, value: object) -> Problem:
    """One of the modes."""
    if text_of(value) in MODES:
        return None
    return f"app_{name} is '{text_of(value)}': it must be pod, shared, external or none"


def storage_size(name: str, value: object) -> Problem:
    """How large a claim is."""
    size = quantity(value)
    if size is not None and size > 0 and size == size.to_integral_value():
        return None
    return f"app_{name} is '{text_of(value)}': it must be a size such as 5Gi"


def storage_class(name: str, value: object) -> Problem:
    """The name of a StorageClass, or nothing for the cluster's default."""
    text = text_of(value)
    if not text or SUBDOMAIN.fullmatch(text):
        return None
    return f"app_{name} is '{text}': it must be the name of a StorageClass, or empty for the cluster's default"


def find_database_problems(values: Values) -> list[str]:
    """What does not go with where the database is."""
    where = mode_of(values)
    problems: list[str] = []
    if where == "none" and text_of(values.get("db_mode", "pod")) in ("shared", "external"):
        problems.append(f"app_db_enabled is false and app_db_mode is {values.get('db_mode')}: leave app_db_enabled out")
    host = text_of(values.get("db_host"))
    if where == "external":
        problems += _wrong_server(values, host)
    elif host:
        problems.append(f"app_db_host is '{host}', and app_db_mode {where}: it is for app_db_mode external")
    if where == "shared" and text_of(values.get("db_user")) == "root":
        problems.append("app_db_user is root: with app_db_mode shared, give the API an account of its own")
    if where == "pod":
        problems += [
            f"app_{name}: with app_db_mode pod each Pod has a database of its own, which nothing beside it reaches: "
            "set app_db_mode to shared, external or none"
            for name in _BESIDE
            if values.get(name)
        ]
    return problems


def _wrong_server(values: Values, host: str) -> list[str]:
    problems = []
    if not host:
        problems.append("app_db_host is empty: with app_db_mode external, name the server")
    elif not _is_host(host):
        problems.append(f"app_db_host is '{host}': it must be a host name or an address, without a port (app_db_port)")
    if not text_of(values.get("db_password")):
        problems.append(
            "app_db_password is empty: a server of yours has a password already; give it by the environment "
            "(app_db_password: \"{{ lookup('ansible.builtin.env', 'APP_DB_PASSWORD') }}\") or encrypted (ansible-vault)"
        )
    return problems


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.lower().rstrip(".").split(".")
        return len(text) <= 253 and all(LABEL.fullmatch(one) and len(one) <= LABEL_LENGTH for one in labels)
    return True
