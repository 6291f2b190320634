"""The commands that make a finding again by hand, written for a shell: pasted as they are, they do what they say."""

from __future__ import annotations

import re
import shlex
import urllib.parse
from typing import Any

from ..objects.service_addresses import ENDPOINTS, SLICES
from ..verify.endpoints import quoted
from ..verify.request import REFERENCE

Object = dict[str, Any]

# The port of this machine at which a reader's kubectl listens for a Pod.
FORWARDED = 18080
HANDSHAKE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
BODY = {
    "request_json": ["-H 'Content-Type: application/json'", '--data-binary "${REQUEST_JSON:?}"'],
    "request_form": ['--data "${REQUEST_FORM:?}"'],
    "request_body": ['--data-binary "${REQUEST_BODY:?}"'],
}
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


def curl(meta: Object, answer: Object) -> str:
    """curl as a user of the API calls it. What is sent is in no evidence: the shell's variables are to have it."""
    options = ["-s"] if meta["validate_certs"] else ["-s", "-k"]
    options += ["--cacert", meta["ca_file"]] if meta["ca_file"] else []
    # To curl itself these would be a pattern of many addresses.
    options += ["-g"] if re.search(r"[][{}]", answer["path"]) else []
    base = urllib.parse.urlsplit(meta["base_url"])
    if meta["host"] and base.scheme == "https":
        # TLS takes the name from the URL, so the address has to be given beside it.
        address = base.netloc if base.netloc.rpartition("]")[2].count(":") else f"{base.netloc}:443"
        options += ["--connect-to", f"::{address}"]
        base = base._replace(netloc=meta["host"])
    elif meta["host"]:
        options += ["-H", f"Host: {meta['host']}"]
    return " ".join([command("curl", *options), *sending(answer), url(base.geturl().rstrip("/"), answer["path"])])


def sending(answer: Object) -> list[str]:
    """The options of curl for a method, headers and a body."""
    if answer["method"] == "WebSocket":
        # It is never closed by the other side.
        words = ["-i", "-N", "-m", "5", "--http1.1", *(f"-H {shlex.quote(one)}" for one in HANDSHAKE)]
        words.append('-H "Sec-WebSocket-Key: $(head -c 16 /dev/urandom | base64)"')
    elif answer["method"] == "HEAD":
        words = ["-I"]
    else:
        words = ["-X", answer["method"]] if answer["method"] != "GET" else []
        words += ["-i"] if answer["reads"] else []
    for name in answer["sends"]:
        words += [f'-H "{name[8:]}: ${{{variable(name[8:])}:?}}"'] if name.startswith("headers.") else BODY[name]
    return words


def variable(name: str) -> str:
    """The shell's variable for a header: AUTHORIZATION."""
    return re.sub(r"\W", "_", name).upper()


def url(base: str, path: str) -> str:
    """An address, in which what an earlier response gave is a variable of the shell."""
    if not REFERENCE.search(path):
        return word(quoted(base + path))
    parts = REFERENCE.split(quoted_but_references(base + path))
    return '"' + "".join(f"${{{part}:?}}" if number % 2 else part for number, part in enumerate(parts)) + '"'


def quoted_but_references(text: str) -> str:
    """A path as it is requested, but for the places that are to be filled in; safe between double quotes."""
    parts = REFERENCE.split(text)
    return "".join(
        f"${{{part}}}" if number % 2 else re.sub(r'([$`"\\])', r"\\\1", quoted(part))
        for number, part in enumerate(parts)
    )


def proxied(meta: Object, pod: str, answer: Object) -> str:
    """One replica, asked through the API server; of an answer that kubectl takes for an error, what it logs of it."""
    if answer["method"] != "GET" or answer["sends"] or answer["reads"] or REFERENCE.search(answer["path"]):
        return forwarded(meta, pod, answer)
    where = command(f"/api/v1/namespaces/{meta['namespace']}/pods/{pod}:{meta['port']}/proxy{answer['path']}")
    asked = f"{kubectl_of(meta)} get --raw {where}"
    return asked if 200 <= answer["status"] < 300 else f"{asked} -v=8 2>&1 | grep Response"


def forwarded(meta: Object, pod: str, answer: Object) -> str:
    """The same by a port that is forwarded: the API server's proxy carries neither logins nor WebSockets."""
    host = [command("-H", f"Host: {meta['host']}")] if meta["host"] else []
    asked = " ".join(["curl -s", *host, *sending(answer), url(f"http://127.0.0.1:{FORWARDED}", answer["path"])])
    forward = f"{kubectl_of(meta)} port-forward pod/{pod} {FORWARDED}:{meta['port']}"
    return f"{forward} >/dev/null & sleep 2; {asked}; kill $!"


def certificate_of(meta: Object) -> str:
    """The certificate that users get: for whom it is, and until when."""
    base = urllib.parse.urlsplit(meta["base_url"])
    name = urllib.parse.urlsplit(f"//{meta['host']}").hostname if meta["host"] else base.hostname
    where = command("openssl", "s_client", "-connect", f"{base.hostname}:{base.port or 443}", "-servername", str(name))
    return f"{where} </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer -enddate"


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
