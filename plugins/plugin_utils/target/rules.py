"""What a target's variables (app_*) must look like. All problems are found at once, one line each."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.dockerfile import stage_names
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.database_mode import OWN, mode_of, wanted
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.files import cannot_be_read
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import (
    BadReference,
    parse_reference,
    reference_below,
    split_registry,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.autoscale_rules import (
    autoscale,
    find_unreachable_load,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.database_rules import (
    find_database_problems,
    mode,
    storage_class,
    storage_size,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.environment_rules import (
    Problem,
    Values,
    command,
    database_environment,
    environment,
    find_clashes,
    pod_environment,
    secrets,
    text_of,
    whole_number,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.ingress_rules import (
    find_route_problems,
    gateway,
    ingress_class,
    ingress_host,
    ingress_hosts,
    ingress_path,
    tls,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.mount_rules import (
    files,
    find_mount_clashes,
    secret_files,
    volumes,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.names import LABEL, LABEL_LENGTH, SUBDOMAIN
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.process_rules import (
    cron,
    find_name_clashes,
    migrate_timeout,
    workers,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.resource_rules import resources
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.written import as_text, text_problem
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoint_rules import path_problem
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.verify.endpoints import quoted

# Services have a stricter rule than other objects: RFC 1035, the name begins with a letter.
_SERVICE_LABEL = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
_DATABASE_NAME = re.compile(r"[A-Za-z0-9_$-]{1,64}")
# -api, -db and the like are appended to the name; labels end at 63 characters.
_NAME_LENGTH = 50
_PLACEHOLDER = re.compile(r"your[-_]?(?:docker[-_]?)?(?:hub[-_]?)?name|changeme|change-me", re.IGNORECASE)

# Nothing that would stand in a command line, where every user of the machine may read it.
_HOW_TO_GIVE_A_PASSWORD = (
    "give it by the environment (app_db_password: \"{{ lookup('ansible.builtin.env', 'APP_DB_PASSWORD') }}\"),"
    " encrypted (ansible-vault encrypt_string --name app_db_password), or by a file (lookup('ansible.builtin.file', …))"
)

# What is text, whatever it looks like; of the secret ones no value is repeated.
TEXTS = (
    *("name", "namespace", "kubeconfig", "context", "manifests_dir", "registry", "registry_username"),
    *("docker_host", "docker_cli", "docker_config", "build_network"),
    *(f"{part}_{what}" for part in ("api", "db") for what in ("image", "image_name", "image_tag", "build_context")),
    *(f"{part}_{what}" for part in ("api", "db") for what in ("dockerfile", "target")),
    *("base_image", "api_readiness_path", "api_liveness_path", "db_base_image", "db_name", "db_user"),
    *("db_mode", "db_host", "db_storage_class"),
    *("ingress_class", "ingress_host", "ingress_path", "base_url"),
)
SECRET_TEXTS = ("registry_password", "db_password")
COLLECTIONS_OF_SECRETS = ("secrets", "secret_files")
COLLECTIONS_OF_TEXTS = (
    *("command", "args", "migrate_command", "api_environment", "pod_environment", "db_environment", "secrets_from"),
    *("api_build_args", "db_build_args", "image_pull_secrets", "ingress_hosts"),
)


def _number_between(name: str, value: object, lowest: int, highest: int) -> Problem:
    number = whole_number(value)
    if number is not None and lowest <= number <= highest:
        return None
    return f"app_{name} is '{value}': it must be a whole number from {lowest} to {highest}"


def _replicas(name: str, value: object) -> Problem:
    number = whole_number(value)
    if number is not None and number >= 1:
        return None
    return f"app_{name} is '{value}': it must be a whole number, 1 or more"


def _port(name: str, value: object) -> Problem:
    return _number_between(name, value, 1, 65535)


def _timeout(name: str, value: object) -> Problem:
    return _number_between(name, value, 1, 86400)


def _startup(name: str, value: object) -> Problem:
    number = whole_number(value)
    if number is not None and number >= 0:
        return None
    return f"app_{name} is '{value}': it must be a whole number of seconds, or 0"


def _namespace(name: str, value: object) -> Problem:
    text = text_of(value)
    if LABEL.fullmatch(text) and len(text) <= LABEL_LENGTH:
        return None
    return (
        f"app_{name} is '{text}': Kubernetes wants at most {LABEL_LENGTH} lower case letters, digits and '-',"
        " with a letter or digit first and last"
    )


def _service_name(name: str, value: object) -> Problem:
    text = text_of(value)
    if _SERVICE_LABEL.fullmatch(text) and len(text) <= _NAME_LENGTH:
        return None
    return (
        f"app_{name} is '{text}': it must be at most {_NAME_LENGTH} lower case letters, digits and '-',"
        " with a letter first and no '-' last"
    )


def _path(name: str, value: object) -> Problem:
    text = text_of(value)
    if problem := path_problem(text):
        return f"app_{name} is '{text}': it {problem}"
    # The kubelet sends a query as it is written here.
    return None if quoted(text) == text else f"app_{name} is '{text}': write it as a request has it, {quoted(text)}"


def _base_url(name: str, value: object) -> Problem:
    text = text_of(value)
    try:
        parts = urllib.parse.urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        good = good and not path_problem(parts.path or "/") and not any(char.isspace() or char in "?#" for char in text)
        written = f"{parts.scheme}://{parts.netloc.encode('idna').decode()}{quoted(parts.path)}"
    except ValueError:
        good = False
    if not good:
        return f"app_{name} is '{text}': it must be a URL such as http://127.0.0.1:8080"
    if "@" in parts.netloc:
        return f"app_{name} names a user: requests to the Ingress carry no login"
    return None if text.isascii() else f"app_{name} is '{text}': write it as a request has it, {written}"


def _password(name: str, value: object) -> Problem:
    text = text_of(value)
    if text and not text.strip():
        return f"app_{name} is blank: {_HOW_TO_GIVE_A_PASSWORD}"
    if "\0" in text or "\n" in text or "\r" in text:
        return f"app_{name} holds a line break or a NUL character, which an environment variable does not carry safely"
    return None


def _database_user(name: str, value: object) -> Problem:
    text = text_of(value)
    if text and len(text) <= 32 and not any(char.isspace() or char in "'\"`\\" for char in text):
        return None
    return f"app_{name} is '{text}': it must be 1 to 32 characters without blanks, quotes and backslashes"


def _database_name(name: str, value: object) -> Problem:
    text = text_of(value)
    if _DATABASE_NAME.fullmatch(text):
        return None
    return f"app_{name} is '{text}': it must be 1 to 64 letters, digits, _ $ or -"


def _kubeconfig(name: str, value: object) -> Problem:
    text = text_of(value)
    if not text or Path(text).expanduser().is_file():
        return None
    return f"app_{name} names {text}, which is not a file"


def _names(name: str, value: object) -> Problem:
    if not isinstance(value, list):
        return f"app_{name} must be a list of names"
    twice = sorted({text_of(one) for one in value if value.count(one) > 1})
    if twice:
        return f"app_{name} names {', '.join(twice)} twice"
    bad = [text_of(one) for one in value if not SUBDOMAIN.fullmatch(text_of(one))]
    return f"app_{name} has names that Kubernetes refuses: {', '.join(bad)}" if bad else None


def _filled(name: str, value: object) -> Problem:
    return None if text_of(value).strip() else f"app_{name} is empty"


_RULES: dict[str, Callable[[str, object], Problem]] = {
    "name": _service_name,
    "namespace": _namespace,
    "replicas": _replicas,
    "autoscale": autoscale,
    "kubeconfig": _kubeconfig,
    "rollout_timeout": _timeout,
    "api_port": _port,
    "command": command,
    "args": command,
    "migrate_command": command,
    "migrate_timeout": migrate_timeout,
    "workers": workers,
    "cron": cron,
    "api_environment": environment,
    "pod_environment": pod_environment,
    "secrets": secrets,
    "secret_files": secret_files,
    "secrets_from": _names,
    "files": files,
    "volumes": volumes,
    "db_environment": database_environment,
    "db_mode": mode,
    "db_storage_size": storage_size,
    "db_storage_class": storage_class,
    "api_readiness_path": _path,
    "api_liveness_path": _path,
    "startup_seconds": _startup,
    "api_resources": resources,
    "db_port": _port,
    "db_name": _database_name,
    "db_user": _database_user,
    "db_password": _password,
    "db_resources": resources,
    "ingress_class": ingress_class,
    "ingress_host": ingress_host,
    "ingress_hosts": ingress_hosts,
    "ingress_path": ingress_path,
    "tls": tls,
    "gateway": gateway,
    "base_url": _base_url,
    "image_pull_secrets": _names,
    "manifests_dir": _filled,
}


def _image(values: Values, part: str) -> list[str]:
    """Check one image: a reference that is given, or all that building it needs."""
    given = text_of(values.get(f"{part}_image"))
    try:
        if given:
            parse_reference(given)
            return []
        name, tag = text_of(values.get(f"{part}_image_name")), text_of(values.get(f"{part}_image_tag"))
        # What is wrong with the registry itself is said once, not for each image.
        reference_below("localhost", name, tag)
    except BadReference as error:
        return [f"app_{part}_image{'' if given else '_name or app_' + part + '_image_tag'}: {error}"]
    context = Path(text_of(values.get(f"{part}_build_context"))).expanduser()
    if not context.is_dir():
        return [f"app_{part}_build_context names {context}, which is not a folder"]
    return _dockerfile(values, part, context)


def _dockerfile(values: Values, part: str, context: Path) -> list[str]:
    """The Dockerfile that is named is there, and so is the stage."""
    name, target = (text_of(values.get(f"{part}_{one}")) for one in ("dockerfile", "target"))
    file = context / (name or "Dockerfile")
    if not file.is_file():
        by = f" (app_{part}_dockerfile)" if name not in ("", "Dockerfile") else ""
        return [f"app_{part}_build_context names {context}, which has no {name or 'Dockerfile'}{by}"]
    try:
        stages = stage_names(file.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        return [f"app_{part}_dockerfile: {cannot_be_read(file, error)}"]
    if not target or stages is None or target.lower() in stages or (target.isdecimal() and int(target) < len(stages)):
        return []
    known = ", ".join(stage for stage in stages if stage) or "none with a name"
    return [f"app_{part}_target is '{target}', and {file} has no such stage (it has: {known})"]


def _registry(values: Values) -> list[str]:
    registry = text_of(values.get("registry"))
    problems: list[str] = []
    if not registry.strip():
        problems.append("app_registry is empty: set it to the registry to push to, such as docker.io/yourname")
    elif _PLACEHOLDER.search(registry):
        problems.append(f"app_registry is still '{registry}': put your own name there")
    else:
        try:
            split_registry(registry)
            reference_below(registry, "name")
        except BadReference as error:
            problems.append(f"app_registry: {error}")
    if bool(text_of(values.get("registry_username"))) != bool(text_of(values.get("registry_password"))):
        problems.append("app_registry_username and app_registry_password belong together: set both or neither")
    return problems


def _unquoted(values: Values) -> list[str]:
    """What is to be text and is none any more: nobody knows what was written."""
    found = [text_problem(f"app_{name}", values.get(name)) for name in TEXTS]
    found += [text_problem(f"app_{name}", values.get(name), shown=False) for name in SECRET_TEXTS]
    for name in (*COLLECTIONS_OF_TEXTS, *COLLECTIONS_OF_SECRETS):
        given, shown = values.get(name), name not in COLLECTIONS_OF_SECRETS
        if isinstance(given, Mapping):
            found += [text_problem(f"{text_of(key)} in app_{name}", one, key, shown) for key, one in given.items()]
        elif isinstance(given, list):
            found += [text_problem(f"{as_text(one)} in app_{name}", one) for one in given]
    return [problem for problem in found if problem]


def _starts_in_vain(values: Values) -> list[str]:
    """A start that may take longer than anybody waits for it."""
    startup, timeout = (whole_number(values.get(name)) for name in ("startup_seconds", "rollout_timeout"))
    if startup is None or timeout is None or startup <= timeout:
        return []
    return [
        f"app_startup_seconds is {startup}, and app_rollout_timeout {timeout}: the rollout would be given up while "
        "the API may still start; raise app_rollout_timeout, to as much for each of the Pods"
    ]


def find_problems(values: Values) -> list[str]:
    """Return one line for each thing that is wrong with a target's variables (names without ``app_``)."""
    where = mode_of(values)
    with_database, beside = where != "none", where == "pod"
    parts = ("api", "db") if where in OWN else ("api",)
    rules = {name: rule for name, rule in _RULES.items() if with_database or not name.startswith("db_")}
    problems = [problem for name, rule in rules.items() if (problem := rule(name, values.get(name)))]
    problems += _unquoted(values)
    problems += find_clashes(values, with_database)
    problems += find_mount_clashes(values)
    problems += _starts_in_vain(values)
    problems += find_unreachable_load(values, beside)
    problems += find_database_problems(values)
    problems += find_name_clashes(values)
    problems += find_route_problems(values)
    if with_database and wanted(values.get("db_password_required")) and not text_of(values.get("db_password")):
        problems.append(f"app_db_password is empty: {_HOW_TO_GIVE_A_PASSWORD}")
    if beside and whole_number(values.get("api_port")) == whole_number(values.get("db_port")):
        problems.append("app_api_port and app_db_port are the same: both containers share one Pod's network")
    problems += [line for part in parts for line in _image(values, part)]
    if not all(text_of(values.get(f"{part}_image")) for part in parts):
        problems += _registry(values)
    return [" ".join(problem.split()) for problem in problems]
