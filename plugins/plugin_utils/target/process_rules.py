"""What a target runs beside its API: workers, what is done by the clock, migrations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .environment_rules import Problem, Values, command, text_of, whole_number
from .names import LABEL
from .resource_rules import resources

# With the target's name in front, and what a CronJob's Jobs are called: 52 characters for all of it.
_LONGEST = 52
# What the target itself calls so.
_TAKEN = frozenset({"api", "db", "files", "migrate", "maintenance", "tls", "release"})
_MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
# Minute, hour, day of the month, month, day of the week: the least and the largest, and names for them.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_PART = re.compile(r"(?:\*|\?|(?P<from>\w+)(?:-(?P<to>\w+))?)(?:/(?P<step>[0-9]+))?")


def workers(name: str, value: object) -> Problem:
    """Programs that run all the time, by name."""
    return _tasks(name, value, ("command", "args", "replicas", "resources"), _worker)


def cron(name: str, value: object) -> Problem:
    """Programs that run by the clock, by name."""
    return _tasks(name, value, ("schedule", "command", "args", "resources"), _scheduled)


def migrate_timeout(name: str, value: object) -> Problem:
    """Seconds, as many as the lock is held for at most."""
    number = whole_number(value)
    if number is not None and 1 <= number <= 86400:
        return None
    return f"app_{name} is '{text_of(value)}': it must be a whole number of seconds from 1 to 86400"


def find_name_clashes(values: Values) -> list[str]:
    """Names that two of them have, or that are too long with the target's own in front."""
    named = {place: values.get(place) for place in ("workers", "cron")}
    keys = {place: set(given) if isinstance(given, Mapping) else set() for place, given in named.items()}
    problems = [
        f"app_workers and app_cron both name {text_of(one)}: call one of them otherwise"
        for one in sorted(keys["workers"] & keys["cron"], key=text_of)
    ]
    room = _LONGEST - len(text_of(values.get("name"))) - 1
    problems += [
        f"app_{place} names {one}, which is {len(one)} characters long: with app_name in front, {room} are left for it"
        for place, names in keys.items()
        for one in sorted(map(text_of, names))
        if len(one) > room
    ]
    return problems


def _tasks(
    name: str, value: object, known: tuple[str, ...], check: Callable[[str, Mapping[str, object]], Problem]
) -> Problem:
    if not isinstance(value, Mapping):
        return f"app_{name} must map names to what they run, such as mailer: {{command: [python, -m, mailer]}}"
    for key, task in value.items():
        place = f"{name}.{text_of(key)}"
        if not isinstance(key, str) or not LABEL.fullmatch(key):
            return f"app_{name} has a name that Kubernetes refuses: {text_of(key)} (lower case letters, digits and '-')"
        if key in _TAKEN:
            return f"app_{name} names {key}, which is taken: choose another"
        if not isinstance(task, Mapping):
            return f"app_{place} must have {', '.join(known)}"
        if unknown := [text_of(one) for one in task if one not in known]:
            return f"app_{place} has {unknown[0]}, which nothing reads: it may have {', '.join(known)}"
        if problem := check(place, task) or _common(place, task):
            return problem
    return None


def _common(place: str, task: Mapping[str, object]) -> Problem:
    words = task.get("command")
    if not isinstance(words, list) or not words or not text_of(words[0]).strip():
        return f"app_{place} has no command: name a program and its arguments, such as command: [python, -m, mailer]"
    for part in ("command", "args"):
        if problem := command(f"{place}.{part}", task.get(part, [])):
            return problem
    return resources(f"{place}.resources", task["resources"]) if "resources" in task else None


def _worker(place: str, task: Mapping[str, object]) -> Problem:
    number = whole_number(task.get("replicas", 1))
    if number is not None and number >= 0:
        return None
    return f"app_{place}.replicas is '{text_of(task.get('replicas'))}': it must be a whole number"


def _scheduled(place: str, task: Mapping[str, object]) -> Problem:
    text = text_of(task.get("schedule"))
    parts = text.split()
    fields = [_fits(part, *field) for part, field in zip(parts, _FIELDS, strict=False)]
    if text in _MACROS or (len(parts) == len(_FIELDS) and all(fields)):
        return None
    return (
        f"app_{place}.schedule is '{text}', which is none: minute, hour, day, month and day of the week, such as "
        "'*/15 * * * *', or @hourly"
    )


def _fits(text: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    """Whether a field of a schedule is one: `*`, numbers, ranges and steps, separated by commas."""
    return all(_part_fits(part, least, most, names) for part in text.split(","))


def _part_fits(text: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    found = _PART.fullmatch(text)
    if not found or (found["step"] and int(found["step"]) == 0):
        return False
    ends = [found["from"], found["to"]]
    called = {name: number for number, name in enumerate(names, least)}
    numbers = [called.get(one.lower(), whole_number(one)) for one in ends if one is not None]
    if any(number is None or not least <= number <= most for number in numbers):
        return False
    return len(numbers) < 2 or (numbers[0] or 0) <= (numbers[1] or 0)
