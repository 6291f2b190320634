"""The commands that make a finding again by hand, written for a shell: pasted as they are, they do what they say."""

from __future__ import annotations

import re
import shlex
import urllib.parse
from typing import Any

from ..kube.service_addresses import ENDPOINTS, SLICES
from ..verify.endpoints import quoted

Object = dict[str, Any]

# What a shell turns into somebody's home, as long as nobody quotes it.
HOME = re.compile(r"(~[\w.-]*/)(.*)", re.DOTALL)


def word(text: str) -> str:
    """One word of a command, quoted where it has to be; the home that a path begins with is left for the shell."""
    home = HOME.fullmatch(text)
    if not home:
        return shlex.quote(text)
    return home[1] + (shlex.quote(home[2]) if home[2] else "")


def command(*words: str) -> str:
    """A command of these words."""
    return " ".join(map(word, words))


def run_of(meta: Object) -> str:
    """The run that this is the evidence of, without what it was given by `-e`."""
    inventories = [one for path in meta["inventory"] for one in ("-i", path)]
    return command("ansible-playbook", *inventories, *meta["playbooks"], "--limit", meta["target"])


def kubectl_of(meta: Object) -> str:
    """kubectl as this target wants it called."""
    given = [one for name in ("kubeconfig", "context") if meta[name] for one in (f"--{name}", meta[name])]
    return command("kubectl", *given, "-n", meta["namespace"])


def get_addresses(source: str, service: str) -> str:
    """What kubectl is to get for the Pods behind a Service, by the kind of objects that say so."""
    return f"{SLICES} -l kubernetes.io/service-name={service}" if source == SLICES else f"{ENDPOINTS} {service}"


def curl(meta: Object, path: str) -> str:
    """curl as a user of the API calls it."""
    options = ["-s"] if meta["validate_certs"] else ["-s", "-k"]
    # To curl itself these would be a pattern of many addresses.
    options += ["-g"] if re.search(r"[][{}]", path) else []
    base = urllib.parse.urlsplit(meta["base_url"])
    if meta["host"] and base.scheme == "https":
        # TLS takes the name from the URL, so the address has to be given beside it.
        address = base.netloc if base.netloc.rpartition("]")[2].count(":") else f"{base.netloc}:443"
        options += ["--connect-to", f"::{address}"]
        base = base._replace(netloc=meta["host"])
    elif meta["host"]:
        options += ["-H", f"Host: {meta['host']}"]
    return command("curl", *options, quoted(base.geturl().rstrip("/") + path))


def proxied(meta: Object, pod: str, path: str, status: int = 200) -> str:
    """One replica, asked through the API server; of an answer that kubectl takes for an error, what it logs of it."""
    where = command(f"/api/v1/namespaces/{meta['namespace']}/pods/{pod}:{meta['port']}/proxy{path}")
    asked = f"{kubectl_of(meta)} get --raw {where}"
    return asked if 200 <= status < 300 else f"{asked} -v=8 2>&1 | grep Response"


def docker_of(meta: Object) -> str:
    """The Docker CLI with this target's logins, for what it asks registries by itself."""
    given = ["--config", meta["docker_config"]] if meta["docker_config"] else []
    return command("docker", *given)


def manifest_of(meta: Object, reference: str) -> str:
    """What a registry has under a name. No engine is needed, and nothing is pulled."""
    return f"{docker_of(meta)} manifest inspect {word(reference)}"


def versions_of(meta: Object) -> str:
    """Who was at work here: each program of which a version is told, and the checkout."""
    asked = {
        "ansible-core": "ansible --version",
        "kubectl": f"{kubectl_of(meta)} version",
        "docker": "docker --version",
    }
    parts = [asked[name] for name in asked if name in meta["clients"]]
    return "; ".join([*parts, *(["git log -1 --oneline"] if meta["commit"] else [])])
