"""What leads users to a Service, what a Gateway says of it, and what a cluster must have for it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.fastapi_mysql.k8s.plugins.action.route_wait import wait_until_served
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.causes import CausedError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.errors import KubeError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.objects.routes import (
    Route,
    find_route,
    gateway_name,
    route_of,
    unserved,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.tenancy.ingress_check import (
    check_certificate,
    check_gateway,
)

from fake_api_server import Reply, serving, status, write_kubeconfig

Object = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
ROUTES = "/apis/gateway.networking.k8s.io/v1"
INGRESS = "/apis/networking.k8s.io/v1/namespaces/n/ingresses/shop"
ROUTE = f"{ROUTES}/namespaces/n/httproutes/shop"
SECRETS = "/api/v1/namespaces/n/secrets"
APIS = ["gateway.networking.k8s.io/v1", "cert-manager.io/v1"]


@contextmanager
def cluster(folder: Path, **refused: int) -> Iterator[tuple[KubeClient, dict[str, Object]]]:
    """A cluster with these objects by their path; `refused` has what a path with that word is answered."""
    objects: dict[str, Object] = {}

    def route(method: str, path: str, body: Object) -> Reply:
        for word, code in refused.items():
            if word in path:
                return status(code, "no")
        return (200, objects[path]) if path in objects else status(404, "not there")

    with serving(route) as server, KubeClient.from_kubeconfig(write_kubeconfig(folder, server)) as client:
        yield client, objects


def http_route(*conditions: tuple[str, str, str], generation: int = 2, observed: int = 2) -> Object:
    """An HTTPRoute, and what its one Gateway says of it."""
    told = [
        {
            "type": kind,
            "status": state,
            "reason": reason,
            "message": f"because of {reason}",
            "observedGeneration": observed,
        }
        for kind, state, reason in conditions
    ]
    parent = {"name": "public", "namespace": "web", "sectionName": "https"}
    return {
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "n", "generation": generation},
        "spec": {"parentRefs": [parent], "rules": [{"backendRefs": [{"name": "shop", "port": 80}]}]},
        "status": {"parents": [{"parentRef": parent, "controllerName": "x", "conditions": told}] if told else []},
    }


def test_a_route_that_a_gateway_has_accepted_is_served() -> None:
    assert unserved(http_route(("Accepted", "True", "Accepted"), ("ResolvedRefs", "True", "ResolvedRefs"))) == ""
    assert unserved(http_route(("Accepted", "True", "Accepted"))) == ""


@pytest.mark.parametrize(
    ("route", "told"),
    [
        (http_route(), r"no controller has taken it up \(its Gateway is web/public, listener https\)"),
        (
            http_route(("Accepted", "False", "NotAllowedByListeners")),
            r"web/public, listener https does not serve it: NotAllowedByListeners \(because of",
        ),
        (
            http_route(("Accepted", "True", "Accepted"), ("ResolvedRefs", "False", "BackendNotFound")),
            "does not serve it: BackendNotFound",
        ),
        # Of a condition that is not known yet nobody says why.
        (http_route(("Accepted", "Unknown", "Pending")), "it has not accepted it"),
        # It was said of what there was before.
        (http_route(("Accepted", "True", "Accepted"), observed=1), "no controller has taken it up"),
    ],
)
def test_why_no_gateway_serves_a_route(route: Object, told: str) -> None:
    assert re.search(told, unserved(route)), unserved(route)


def test_one_of_several_gateways_is_enough() -> None:
    route = http_route(("Accepted", "False", "NoMatchingParent"))
    other = deepcopy(http_route(("Accepted", "True", "Accepted"))["status"]["parents"][0])
    route["status"]["parents"].append(other)
    assert unserved(route) == ""


def test_a_controller_that_does_not_say_which_generation_it_saw_is_believed() -> None:
    route = http_route(("Accepted", "True", "Accepted"))
    del route["status"]["parents"][0]["conditions"][0]["observedGeneration"]
    assert unserved(route) == ""


@pytest.mark.parametrize("broken", [{}, {"parents": None}, {"parents": [{}]}, {"parents": [{"conditions": None}]}])
def test_a_status_that_says_nothing_is_not_a_yes(broken: Object) -> None:
    assert "no controller has taken it up" in unserved(http_route() | {"status": broken})


def test_a_gateway_without_a_namespace_is_in_the_routes_own() -> None:
    assert gateway_name(http_route(), {"name": "a"}) == "n/a"


def test_where_an_http_route_leads() -> None:
    route = http_route(("Accepted", "True", "Accepted"))
    assert route_of(route, "shop") == Route([], [], "HTTPRoute")
    route["spec"]["hostnames"] = ["a.org"]
    route["spec"]["rules"][0]["matches"] = [{"path": {"type": "PathPrefix", "value": "/shop/"}}]
    assert route_of(route, "shop") == Route(["a.org"], ["/shop"], "HTTPRoute")
    assert route_of(route, "other").paths == []
    route["spec"]["rules"][0]["matches"].append({"path": {"type": "RegularExpression", "value": "/x.*"}})
    assert route_of(route, "shop").paths == []


def test_where_an_ingress_leads() -> None:
    path = {"path": "/shop", "pathType": "Prefix", "backend": {"service": {"name": "shop"}}}
    rules = [{"host": host, "http": {"paths": [path]}} for host in ("a.org", "b.org")]
    ingress: Object = {"kind": "Ingress", "spec": {"rules": rules}}
    assert route_of(ingress, "shop") == Route(["a.org", "b.org"], ["/shop"])
    assert route_of({"kind": "Ingress", "spec": {"rules": [*rules, {"http": None}]}}, "shop").hosts == []
    assert route_of(None, "shop") == Route()


def test_the_ingress_is_looked_for_first(tmp_path: Path) -> None:
    with cluster(tmp_path) as (client, objects):
        assert find_route(client, "n", "shop") is None
        objects[ROUTE] = {"kind": "HTTPRoute"}
        assert find_route(client, "n", "shop") == {"kind": "HTTPRoute"}
        objects[INGRESS] = {"kind": "Ingress"}
        assert find_route(client, "n", "shop") == {"kind": "Ingress"}


def test_who_may_not_read_http_routes_has_none(tmp_path: Path) -> None:
    with cluster(tmp_path, httproutes=403) as (client, _):
        assert find_route(client, "n", "shop") is None


def refusal(folder: Path, check: Any, objects: dict[str, Object], **refused: int) -> str:
    """What is said, in one line, before anything is changed; nothing where all is there."""
    with cluster(folder, **refused) as (client, known):
        known |= objects
        try:
            check(client)
        except KubeError as error:
            assert "\n" not in str(error) and str(error).endswith("Nothing was changed.")
            return str(error)
    return ""


def gateway_check(served: list[str], **more: str) -> Any:
    return lambda client: check_gateway(client, {"name": "public", "namespace": "web"} | more, served)


GATEWAY = {f"{ROUTES}/namespaces/web/gateways/public": {"spec": {"listeners": [{"name": "http"}, {"name": "https"}]}}}
LIST = {f"{ROUTES}/gateways": {"items": [{"metadata": {"name": "other", "namespace": "web"}}]}}


def test_a_gateway_that_is_there_is_no_obstacle(tmp_path: Path) -> None:
    assert refusal(tmp_path, gateway_check(APIS, listener="https", http_listener="http"), GATEWAY) == ""
    # Its status will say what the Gateway makes of the route.
    assert refusal(tmp_path, gateway_check(APIS), {}, gateways=403) == ""


@pytest.mark.parametrize(
    ("served", "more", "objects", "told"),
    [
        ([], {}, GATEWAY, "does not serve gateway.networking.k8s.io/v1, so it has no Gateways: install"),
        (["gateway.networking.k8s.io/v1beta1"], {}, GATEWAY, "does not serve gateway.networking.k8s.io/v1"),
        (APIS, {}, LIST, r"has no Gateway public in namespace web (there: web/other): set app_gateway"),
        (APIS, {}, {f"{ROUTES}/gateways": {"items": []}}, "(there: none)"),
        (APIS, {"listener": "tls"}, GATEWAY, "has no listener tls (it has: http, https): set app_gateway.listener"),
        (APIS, {"http_listener": "web"}, GATEWAY, "set app_gateway.http_listener"),
    ],
)
def test_a_gateway_that_is_not_there_is_told(
    tmp_path: Path, served: list[str], more: dict[str, str], objects: dict[str, Object], told: str
) -> None:
    assert told in refusal(tmp_path, gateway_check(served, **more), objects)


def certificate_check(wanted: Object, served: list[str] = APIS) -> Any:
    return lambda client: check_certificate(client, "n", wanted, served)


WHOLE = {"metadata": {"name": "t"}, "data": {"tls.crt": "YQ==", "tls.key": "Yg=="}}
ISSUERS = "/apis/cert-manager.io/v1"


@pytest.mark.parametrize(
    ("wanted", "objects"),
    [
        ({}, {}),
        ({"platform": True}, {}),
        ({"secret": "t"}, {f"{SECRETS}/t": WHOLE}),
        ({"issuer": "le"}, {f"{ISSUERS}/namespaces/n/issuers/le": {}}),
        ({"cluster_issuer": "le", "redirect": True}, {f"{ISSUERS}/clusterissuers/le": {}}),
    ],
)
def test_where_a_certificate_comes_from_is_there(tmp_path: Path, wanted: Object, objects: dict[str, Object]) -> None:
    assert refusal(tmp_path, certificate_check(wanted), objects) == ""


@pytest.mark.parametrize(
    ("wanted", "objects", "told"),
    [
        ({"secret": "t"}, {}, "has no Secret t in namespace n: create it (kubectl -n n create secret tls t"),
        ({"secret": "t"}, {f"{SECRETS}/t": WHOLE | {"data": None}}, "has no tls.crt and no tls.key"),
        ({"secret": "t"}, {f"{SECRETS}/t": WHOLE | {"data": {"tls.crt": "YQ==", "tls.key": ""}}}, "has no tls.key"),
        (
            {"secret": "t"},
            {f"{SECRETS}/t": WHOLE | {"metadata": {"labels": {"fastapi-mysql-k8s/target": "shop"}}}},
            "was made for app_tls.platform, and goes with it",
        ),
        (
            {"issuer": "le"},
            {f"{ISSUERS}/namespaces/n/issuers": {"items": [{"metadata": {"name": "ca", "namespace": "n"}}]}},
            "has no Issuer le (there: n/ca): set app_tls.issuer",
        ),
        (
            {"cluster_issuer": "le"},
            {f"{ISSUERS}/clusterissuers": {"items": [{"metadata": {"name": "staging"}}]}},
            "has no ClusterIssuer le (there: staging): set app_tls.cluster_issuer",
        ),
    ],
)
def test_where_a_certificate_would_come_from_is_told(
    tmp_path: Path, wanted: Object, objects: dict[str, Object], told: str
) -> None:
    assert told in refusal(tmp_path, certificate_check(wanted), objects)


def test_without_cert_manager_nobody_would_issue_a_certificate(tmp_path: Path) -> None:
    told = refusal(tmp_path, certificate_check({"cluster_issuer": "le"}, ["v1"]), {})
    assert "does not serve cert-manager.io/v1" in told and "install cert-manager" in told


def test_who_may_not_look_is_not_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, certificate_check({"secret": "t"}), {}, secrets=403) == ""
    assert refusal(tmp_path, certificate_check({"cluster_issuer": "le"}), {}, clusterissuers=403) == ""


def test_a_route_is_waited_for_until_a_gateway_serves_it(tmp_path: Path) -> None:
    with cluster(tmp_path) as (client, objects):
        objects[ROUTE] = http_route()
        later = http_route(("Accepted", "True", "Accepted"))
        timer = threading.Timer(0.6, objects.update, ({ROUTE: later},))
        timer.start()
        started = time.monotonic()
        wait_until_served(client, "n", "shop", timeout=10)
        assert 0.5 < time.monotonic() - started < 5


def test_a_route_that_no_gateway_serves_is_named_with_the_reason(tmp_path: Path) -> None:
    with cluster(tmp_path) as (client, objects):
        with pytest.raises(CausedError, match="it is gone"):
            wait_until_served(client, "n", "shop", timeout=0)
        objects[ROUTE] = http_route(("Accepted", "False", "NotAllowedByListeners"))
        with pytest.raises(CausedError, match=r"^RouteNotServed: .*NotAllowedByListeners.*app_gateway") as caught:
            wait_until_served(client, "n", "shop", timeout=0)
        assert caught.value.details["cause"]["type"] == "RouteNotServed"


@pytest.mark.parametrize(
    ("applied", "deleted", "replaced"),
    [
        (["HTTPRoute"], ["Ingress"], True),
        (["Deployment", "Ingress"], ["ConfigMap", "HTTPRoute"], True),
        (["HTTPRoute"], ["ConfigMap"], False),
        (["Deployment"], ["HTTPRoute"], False),
        ([], [], False),
    ],
)
def test_only_a_route_that_takes_anothers_place_is_waited_for(
    applied: list[str], deleted: list[str], replaced: bool
) -> None:
    variables = DataLoader().load_from_file(str(ROOT / "roles/workload/vars/main.yml"), trusted_as_template=True)
    variables |= {"role_path": "x"}
    for name, kinds in (("workload_to_apply", applied), ("workload_to_delete", deleted)):
        variables[name] = [{"kind": kind} for kind in kinds]
    told = Templar(DataLoader(), variables).template(variables["__workload_route_replaced"])
    assert told is replaced
