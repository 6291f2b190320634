"""Which proxy leads to an API server: decided once, by the rules that kubectl has from Go."""

from __future__ import annotations

import base64
import ipaddress
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import KubeconfigError

PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy, its login apart from its address."""

    host: str
    port: int
    login: str = ""

    @property
    def address(self) -> str:
        """Its URL, without the login."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What shows it who we are."""
        if not self.login:
            return {}
        return {"Proxy-Authorization": "Basic " + base64.b64encode(self.login.encode()).decode("ascii")}


def proxy_url(server: str, given: str, environ: Mapping[str, str]) -> str:
    """The URL of the proxy for a server, empty for none: the kubeconfig's, or else what the environment says."""
    if given:
        return given
    url = urllib.parse.urlsplit(server)
    names = ("HTTPS_PROXY", "https_proxy") if url.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    found = next((environ[name] for name in names if environ.get(name)), "")
    excluded = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return "" if not found or spared(url, excluded) else found


def parsed(url: str, where: str) -> Proxy | None:
    """The proxy that a URL names. Raises KubeconfigError for one that cannot be used here."""
    if not url:
        return None
    try:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port or 80
    except ValueError as error:
        raise KubeconfigError(f"{where}: the address of its proxy is not a URL ({error}).") from error
    if parts.scheme != "http" or not host:
        raise KubeconfigError(
            f"{where}: the proxy {parts.scheme}://{host or '?'} cannot be used; only http:// proxies can "
            "(proxy-url in the kubeconfig, or HTTPS_PROXY; NO_PROXY names what needs none)."
        )
    login = parts.netloc.rpartition("@")[0]
    return Proxy(host, port, urllib.parse.unquote(login))


def spared(url: urllib.parse.SplitResult, excluded: str) -> bool:
    """Whether a server is reached directly: this machine itself always is, and what NO_PROXY names."""
    host = (url.hostname or "").lower().rstrip(".")
    port = str(url.port or PORTS.get(url.scheme, ""))
    address = _address(host)
    if host == "localhost" or (address and address.is_loopback):
        return True
    return any(_matches(item.strip().lower(), host, port, address) for item in excluded.split(","))


def _matches(item: str, host: str, port: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    if item in ("", "*"):
        return item == "*"
    if "/" in item:
        try:
            return address is not None and address in ipaddress.ip_network(item, strict=False)
        except ValueError:
            return False
    name, wanted = _split(item)
    if wanted and wanted != port:
        return False
    if there := _address(name):
        return address == there
    name = name.removeprefix("*")
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def _split(item: str) -> tuple[str, str]:
    """Name and port of an entry; an IPv6 address has colons of its own."""
    if item.startswith("["):
        name, _, port = item[1:].partition("]")
        return name, port.removeprefix(":")
    if item.count(":") == 1:
        name, _, port = item.partition(":")
        return name, port
    return item, ""


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
