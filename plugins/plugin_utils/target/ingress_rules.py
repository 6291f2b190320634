"""How users get to an application: hosts, path and certificate, by an Ingress or by a Gateway."""

from __future__ import annotations

import difflib
import ipaddress
import re
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .environment_rules import Problem, Values, text_of
from .names import SUBDOMAIN, SUBDOMAIN_LENGTH
from .written import as_text

# As a Host header has it: a name or an address, and perhaps a port.
_HOST = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
# Nothing that a URL, an Ingress or a regular expression would read as something else.
_PATH = re.compile(r"(?:/[-._~A-Za-z0-9]+)+")
# Of a path in an HTTPRoute, in characters.
_LONGEST_PATH = 1024
# What each names, for people.
_CERTIFICATES = {
    "secret": "a Secret of the namespace, such as shop-tls",
    "issuer": "an Issuer of cert-manager, such as letsencrypt",
    "cluster_issuer": "a ClusterIssuer of cert-manager, such as letsencrypt",
}
SOURCES = (*_CERTIFICATES, "platform")
_OF_TLS = (*SOURCES, "redirect")
_OF_GATEWAY = {
    "name": "a Gateway, such as public",
    "namespace": "the Gateway's namespace, such as gateway",
    "listener": "one of the Gateway's listeners, such as https",
    "http_listener": "one of the Gateway's listeners, such as http",
}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(SUBDOMAIN.fullmatch(value)) and len(value) <= SUBDOMAIN_LENGTH


def ingress_class(name: str, value: object) -> Problem:
    """The name of an IngressClass, or nothing."""
    text = text_of(value)
    if not text or SUBDOMAIN.fullmatch(text):
        return None
    return (
        f"app_{name} is '{text}': it must be the name of an IngressClass, or empty where an annotation says the class"
    )


def ingress_host(name: str, value: object) -> Problem:
    """A host name, with a wildcard in front if need be, or nothing."""
    return _host_problem(f"app_{name} is", text_of(value), ", or empty for any") if text_of(value) else None


def ingress_hosts(name: str, value: object) -> Problem:
    """Further host names."""
    if not isinstance(value, list):
        return f"app_{name} must be a list of host names, such as [www.example.org]"
    return next((problem for one in value if (problem := _host_problem(f"app_{name} names", text_of(one)))), None)


def _host_problem(what: str, text: str, more: str = "") -> Problem:
    bare = text.removeprefix("*.")
    if SUBDOMAIN.fullmatch(bare) and len(text) <= SUBDOMAIN_LENGTH and not _is_address(bare):
        return None
    return f"{what} '{text}': it must be a host name in lower case, without port and path{more}{_in_ascii(text)}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _in_ascii(text: str) -> str:
    """How DNS writes a name in another script; empty for what is not such a name."""
    try:
        name = text.encode("idna").decode()
    except UnicodeError:
        return ""
    return "" if text.isascii() else f" (write it as {name})"


def host_problem(name: str, text: str) -> Problem:
    """What keeps a text from being the name that requests are for, with a port if need be."""
    try:
        parts = urllib.parse.urlsplit(f"//{text}")
        good = text.isascii() and parts.netloc == text and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not text or (good and _HOST.fullmatch(text)):
        return None
    return f"{name} is '{text}': it must be a host name, with a port if need be{_in_ascii(text)}"


def ingress_path(name: str, value: object) -> Problem:
    """The path below which the application is."""
    text = text_of(value)
    if text == "/":
        return None
    if not text.startswith("/"):
        return f"app_{name} is '{text}': it must begin with a slash, such as /shop"
    if text.endswith("/"):
        return f"app_{name} is '{text}': write it without the slash at its end, {text.rstrip('/') or '/'}"
    if _PATH.fullmatch(text) and not {".", ".."} & set(text.split("/")) and len(text) <= _LONGEST_PATH:
        return None
    return (
        f"app_{name} is '{text}': it must be a path such as /shop, of letters, digits, - . _ ~ and single slashes, "
        f"at most {_LONGEST_PATH} characters long, without a query"
    )


def tls(name: str, value: object) -> Problem:
    """Where the certificate comes from, each key by itself."""
    if problem := _unknown(name, value, _OF_TLS, "{secret: shop-tls}"):
        return problem
    given: Mapping[str, object] = value if isinstance(value, Mapping) else {}
    for key in ("platform", "redirect"):
        if not isinstance(given.get(key, False), bool):
            return f"app_{name}.{key} is {_shown(given[key])}: it must be true or false"
    return _misnamed(name, given, _CERTIFICATES)


def gateway(name: str, value: object) -> Problem:
    """The Gateway that takes the place of an Ingress; nothing for an Ingress."""
    if problem := _unknown(name, value, _OF_GATEWAY, "{name: public, namespace: gateway}"):
        return problem
    given: Mapping[str, object] = value if isinstance(value, Mapping) else {}
    for key in ("name", "namespace") if given else ():
        if key not in given:
            return f"app_{name} has no {key}: it must have name and namespace, such as {{name: public, namespace: web}}"
    return _misnamed(name, given, _OF_GATEWAY)


def _unknown(name: str, value: object, known: Iterable[str], example: str) -> Problem:
    names = list(known)
    if not isinstance(value, Mapping):
        return f"app_{name} is {_shown(value)}: it must map names to values, such as {example}"
    for key in value:
        if key not in names:
            close = difflib.get_close_matches(text_of(key), names, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            return f"app_{name} has {_shown(key)}{meant}: it may have {', '.join(names)}, and nothing else"
    return None


def _misnamed(name: str, given: Mapping[str, object], wanted: Mapping[str, str]) -> Problem:
    for key, what in wanted.items():
        if key in given and not _is_name(given[key]):
            return f"app_{name}.{key} is {_shown(given[key])}: it must be the name of {what}"
    return None


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else as_text(value)


def find_route_problems(values: Values) -> list[str]:
    """What does not go together."""
    return [*_hosts_apart(values), *_certificate(values), *_redirect(values), *_stripped(values)]


def _mapping(values: Values, name: str) -> Mapping[str, Any]:
    given = values.get(name)
    return given if isinstance(given, Mapping) else {}


def is_stripped(values: Values) -> bool:
    """Whether the path is taken away before the application gets a request."""
    return text_of(values.get("ingress_strip_path")).lower() in ("true", "yes", "on", "1") and _prefix(values) != ""


def _prefix(values: Values) -> str:
    return text_of(values.get("ingress_path")).rstrip("/")


def _hosts_apart(values: Values) -> list[str]:
    given = values.get("ingress_hosts")
    more = [text_of(one) for one in given] if isinstance(given, list) else []
    first = text_of(values.get("ingress_host"))
    if more and not first:
        return [
            f"app_ingress_hosts names {', '.join(more)}, and app_ingress_host is empty, which is any host: "
            "name the host there that is verified"
        ]
    hosts = [first, *more]
    twice = sorted({host for host in more if hosts.count(host) > 1})
    return [f"app_ingress_host and app_ingress_hosts name {', '.join(twice)} twice: leave one out"] if twice else []


def _certificate(values: Values) -> list[str]:
    """One place where the certificate comes from, and with a Gateway none."""
    given = _mapping(values, "tls")
    sources = [key for key in SOURCES if given.get(key)]
    if values.get("gateway"):
        return [
            f"app_tls has {key}, and app_gateway names a Gateway, whose listener has the certificate: leave it out"
            for key in sources
        ]
    if given and len(sources) != 1:
        has = f"has {' and '.join(sources)}" if sources else "says of no certificate where it comes from"
        return [f"app_tls {has}: it must have exactly one of {', '.join(SOURCES)}"]
    if set(sources) & {"issuer", "cluster_issuer"} and not values.get("ingress_host"):
        return [
            f"app_tls.{sources[0]} is to issue a certificate, and app_ingress_host is empty: name the host it is for"
        ]
    return []


def _redirect(values: Values) -> list[str]:
    wanted = _mapping(values, "tls").get("redirect") is True
    way = _mapping(values, "gateway")
    if not wanted:
        extra = "http_listener" in way
        return ["app_gateway.http_listener is for app_tls.redirect, which is not set: set it too, or neither"] * extra
    problems = []
    if not text_of(values.get("base_url")).startswith("https:"):
        problems.append(
            f"app_tls.redirect sends requests to HTTPS, and app_base_url is {text_of(values.get('base_url'))}: "
            "set it to the https URL, with its port"
        )
    if way:
        listeners = [way.get(key) for key in ("listener", "http_listener")]
        if None in listeners or listeners[0] == listeners[1]:
            problems.append(
                "app_tls.redirect needs two listeners of the Gateway: app_gateway.listener for HTTPS, "
                "app_gateway.http_listener for what is redirected"
            )
    elif not (_mapping(values, "tls").get("platform") is True or _speaks_nginx(values)):
        problems.append(
            f"app_tls.redirect is not known of the Ingress class '{text_of(values.get('ingress_class'))}': leave it "
            "out, and give what its controller wants in workload_ingress_annotations, or name a Gateway (app_gateway)"
        )
    return problems


def _stripped(values: Values) -> list[str]:
    if not is_stripped(values):
        return []
    if not values.get("gateway") and not _speaks_nginx(values):
        return [
            f"app_ingress_strip_path is true, and an Ingress of class '{text_of(values.get('ingress_class'))}' strips "
            "no path by itself: name a Gateway (app_gateway), or leave it out, have its controller do it "
            "(workload_ingress_annotations) and write the path into app_base_url"
        ]
    if urllib.parse.urlsplit(text_of(values.get("base_url"))).path.rstrip("/").endswith(_prefix(values)):
        return ["app_base_url ends with app_ingress_path, which is put behind it anyway: leave it out there"]
    return []


def _speaks_nginx(values: Values) -> bool:
    """Whether it is ingress-nginx, by the names that its classes bear everywhere."""
    return "nginx" in text_of(values.get("ingress_class"))


def find_unrouted(values: Values, endpoints: Sequence[Mapping[str, Any]]) -> list[str]:
    """Endpoints that no user can request: they are not below the path that leads to the application."""
    prefix = _prefix(values)
    if not prefix or is_stripped(values):
        return []
    below = urllib.parse.urlsplit(text_of(values.get("base_url"))).path.rstrip("/")
    paths = dict.fromkeys(text_of(one.get("path")) for one in endpoints)
    lost = [path for path in paths if not f"{below}{path.partition('?')[0]}/".startswith(f"{prefix}/")]
    if not lost:
        return []
    return [
        f"verify_endpoints has {', '.join(lost)}, and only {prefix} leads to the application (app_ingress_path): "
        f"write each as the application gets it, such as {prefix}{lost[0]}, or have the path stripped "
        "(app_ingress_strip_path)"
    ]
