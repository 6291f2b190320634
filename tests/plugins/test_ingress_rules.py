"""How users get to an application: what cannot be is refused, in one line that names the variable."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.ingress_rules import (
    find_route_problems,
    find_unrouted,
    gateway,
    ingress_hosts,
    ingress_path,
    tls,
)

PUBLIC = {"name": "public", "namespace": "web"}
HTTPS = "https://127.0.0.1:8443"


def problems(**values: Any) -> list[str]:
    usual = {"ingress_class": "traefik", "ingress_path": "/", "base_url": "http://127.0.0.1:8080"}
    return find_route_problems(usual | values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"tls": {"secret": "shop-tls"}},
        {"tls": {"secret": "shop-tls", "platform": False}},
        {"tls": {"issuer": "letsencrypt"}, "ingress_host": "shop.example.org"},
        {"tls": {"cluster_issuer": "letsencrypt"}, "ingress_host": "*.example.org"},
        {"tls": {"platform": True, "redirect": True}, "base_url": HTTPS},
        {"tls": {"secret": "shop-tls", "redirect": True}, "ingress_class": "nginx-internal", "base_url": HTTPS},
        {"gateway": PUBLIC},
        {"gateway": PUBLIC, "ingress_path": "/shop", "ingress_strip_path": True},
        {
            "gateway": PUBLIC | {"listener": "https", "http_listener": "http"},
            "tls": {"redirect": True},
            "base_url": HTTPS,
        },
        {"ingress_path": "/shop", "ingress_strip_path": "yes", "ingress_class": "nginx"},
        # Nothing is to be taken away.
        {"ingress_path": "/", "ingress_strip_path": True},
        # A middleware of the user's own strips it.
        {"ingress_path": "/shop", "base_url": "http://127.0.0.1:8080/shop"},
        {"ingress_host": "a.example.org", "ingress_hosts": ["b.example.org", "*.example.org"]},
    ],
)
def test_what_goes_together_is_no_problem(values: dict[str, Any]) -> None:
    assert problems(**values) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"tls": {"secret": "a", "issuer": "b"}, "ingress_host": "a.org"}, "app_tls has secret and issuer"),
        (
            {"tls": {"redirect": True}, "ingress_class": "nginx", "base_url": HTTPS},
            "says of no certificate where it comes from",
        ),
        ({"tls": {"platform": False}}, "says of no certificate where it comes from"),
        ({"tls": {"issuer": "b"}}, "app_ingress_host is empty"),
        ({"tls": {"secret": "a"}, "gateway": PUBLIC}, "whose listener has the certificate"),
        ({"tls": {"platform": True}, "gateway": PUBLIC}, "app_tls has platform"),
        ({"tls": {"platform": True, "redirect": True}}, "set it to the https URL"),
        (
            {"tls": {"secret": "a", "redirect": True}, "base_url": HTTPS},
            "not known of the Ingress class 'traefik'.*workload_ingress_annotations",
        ),
        ({"tls": {"redirect": True}, "gateway": PUBLIC, "base_url": HTTPS}, "needs two listeners"),
        (
            {
                "tls": {"redirect": True},
                "gateway": PUBLIC | {"listener": "a", "http_listener": "a"},
                "base_url": HTTPS,
            },
            "needs two listeners",
        ),
        ({"gateway": PUBLIC | {"http_listener": "http"}}, "app_gateway.http_listener is for app_tls.redirect"),
        ({"ingress_path": "/shop", "ingress_strip_path": True}, "an Ingress of class 'traefik' strips no path"),
        (
            {
                "ingress_path": "/shop",
                "ingress_strip_path": True,
                "gateway": PUBLIC,
                "base_url": "http://127.0.0.1:8080/shop/",
            },
            "app_base_url ends with app_ingress_path",
        ),
        ({"ingress_hosts": ["b.org"]}, "app_ingress_host is empty, which is any host"),
        ({"ingress_host": "a.org", "ingress_hosts": ["a.org"]}, "name a.org twice"),
        ({"ingress_host": "a.org", "ingress_hosts": ["b.org", "b.org"]}, "name b.org twice"),
    ],
)
def test_what_does_not_go_together_is_told(values: dict[str, Any], told: str) -> None:
    found = problems(**values)
    assert len(found) == 1, found
    assert "\n" not in found[0]
    assert re.search(told, found[0]), found


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("shop-tls", "must map names to values"),
        (None, "must map names to values"),
        ([], "must map names to values"),
        (True, "app_tls is true: it must map"),
        ({"secrets": "x"}, "did you mean secret?"),
        ({"clusterissuer": "x"}, "did you mean cluster_issuer?"),
        ({1: "x"}, "app_tls has 1: it may have"),
        ({"secret": ""}, "must be the name of a Secret"),
        ({"secret": None}, "must be the name of a Secret"),
        ({"secret": "Not_A_Name"}, "must be the name of a Secret"),
        ({"secret": "other-namespace/shop-tls"}, "must be the name of a Secret"),
        ({"issuer": ["letsencrypt"]}, "must be the name of an Issuer"),
        ({"cluster_issuer": 5}, "app_tls.cluster_issuer is 5: it must be the name of a ClusterIssuer"),
        ({"platform": "true"}, "must be true or false"),
        ({"platform": True, "redirect": 1}, "app_tls.redirect is 1: it must be true or false"),
        ({"secret": "a" * 254}, "must be the name of a Secret"),
    ],
)
def test_wrong_certificates_are_told(value: object, told: str) -> None:
    assert told in (tls("tls", value) or "")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("traefik", "must map names to values"),
        ({"name": "public"}, "app_gateway has no namespace"),
        ({"namespace": "web"}, "app_gateway has no name"),
        (PUBLIC | {"sectionName": "https"}, "app_gateway has 'sectionName'"),
        (PUBLIC | {"listner": "https"}, "did you mean listener?"),
        (PUBLIC | {"listener": "Ä"}, "app_gateway.listener is 'Ä'"),
        ({"name": "web/public", "namespace": "web"}, "app_gateway.name is 'web/public'"),
        ({"name": True, "namespace": "web"}, "app_gateway.name is true"),
    ],
)
def test_wrong_gateways_are_told(value: object, told: str) -> None:
    assert told in (gateway("gateway", value) or "")


def test_no_certificate_and_no_gateway_are_no_problem() -> None:
    assert (tls("tls", {}), gateway("gateway", {}), ingress_hosts("ingress_hosts", [])) == (None, None, None)


@pytest.mark.parametrize("path", ["/", "/shop", "/shop/v1.2", "/a-b_c~d", "/0"])
def test_paths_that_lead_somewhere(path: str) -> None:
    assert ingress_path("ingress_path", path) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", "shop", "/shop/", "//", "/a//b", "/..", "/a/../b", "/a/./b", "/shop?x=1", "/shop#x", "/a b", "/ä", None),
        *("/a%2Fb", "/a;b", "/(.*)", "/$1", "/a\n", "/" + "a" * 1024, "http://127.0.0.1/shop", 5, "/a{b}", "/*"),
    ],
)
def test_paths_that_lead_nowhere(path: object) -> None:
    told = ingress_path("ingress_path", path)
    assert told and told.startswith("app_ingress_path is '"), told


@pytest.mark.parametrize(
    ("hosts", "told"),
    [
        ("a.example.org", "must be a list"),
        ([""], "names ''"),
        (["a.example.org", "B.example.org"], "names 'B.example.org'"),
        (["a.example.org:443"], "without port and path"),
        (["https://a.example.org"], "without port and path"),
        (["192.0.2.1"], "names '192.0.2.1'"),
        (["*.*.example.org"], "names"),
        (["münchen.example.org"], "write it as xn--mnchen-3ya.example.org"),
        ([None], "names ''"),
        ([{"a": "b"}], "names"),
    ],
)
def test_wrong_further_hosts_are_told(hosts: object, told: str) -> None:
    assert told in (ingress_hosts("ingress_hosts", hosts) or "")


def test_endpoints_that_no_user_can_request_are_told() -> None:
    values: dict[str, Any] = {"ingress_path": "/shop", "base_url": "http://127.0.0.1:8080"}
    endpoints = [{"path": path} for path in ("/shop", "/shop/status?full=1", "/shopping", "/status", "/status")]
    told = find_unrouted(values, endpoints)
    assert len(told) == 1
    assert "has /shopping, /status, and only /shop leads" in told[0]
    stripped = values | {"ingress_strip_path": True}
    assert find_unrouted(stripped, endpoints) == []
    assert find_unrouted(values | {"ingress_path": "/"}, endpoints) == []
    # What strips it is not ours, and so it is in the URL.
    assert find_unrouted(values | {"base_url": "http://127.0.0.1:8080/shop/"}, endpoints) == []
