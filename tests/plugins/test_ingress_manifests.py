"""What my-ingress-eval.yml holds: an Ingress as before, and what hosts, path, certificate and Gateway make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.rendering import render

ROOT = Path(__file__).resolve().parents[2]
GATEWAY = {"name": "traefik", "namespace": "gateway"}
# As it was before a target could say more than class and host.
BEFORE = """\
# 4 of 4: the way in from outside the cluster; kubectl apply -f my-ingress-eval.yml
# Wants an Ingress controller that serves the class below: kubectl get ingressclass
# Rendered from templates/my-ingress-eval.yml.j2; the next run of the deployment overwrites it.
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: "shop"
  namespace: "shop"
  labels:
    app.kubernetes.io/name: "shop"
    app.kubernetes.io/instance: "shop"
    app.kubernetes.io/component: ingress
    app.kubernetes.io/part-of: "shop"
    app.kubernetes.io/managed-by: fastapi-mysql-k8s
    # Whose it is: what leaves the templates is deleted only if it bears this.
    fastapi-mysql-k8s/target: "shop"
spec:
  # An Ingress whose class no controller serves is ignored in silence: users get 404.
  ingressClassName: "traefik"
  rules:
    # No host: any name that leads to the controller will do.
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: "shop"
                port:
                  name: http
"""


def text(**given: Any) -> str:
    """The file, for a target that differs from the usual in this."""
    loader, variables = DataLoader(), {"app_plan": {}}
    for path in ("app/defaults", "workload/defaults", "workload/vars"):
        variables |= loader.load_from_file(str(ROOT / "roles" / path / "main.yml"), trusted_as_template=True)
    variables |= {"role_path": str(ROOT / "roles/workload"), "inventory_hostname": "shop"}
    variables |= {"app_name": "shop", "app_namespace": "shop"} | given
    template = ROOT / "templates/my-ingress-eval.yml.j2"
    return render(Templar(loader, variables), variables, [template])["my-ingress-eval.yml"]


def objects(**given: Any) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text(**given)))


def test_a_target_that_says_no_more_is_rendered_as_before() -> None:
    assert text() == BEFORE
    named = text(app_ingress_host="a.example.org", workload_ingress_annotations={"b": "c", "a": "d"})
    assert '  annotations: {"b": "c", "a": "d"}\n' in named
    assert '    - host: "a.example.org"\n      http:\n        paths:\n' in named


def test_all_hosts_lead_to_the_same_service_below_the_path() -> None:
    [ingress] = objects(
        app_ingress_host="a.org",
        app_ingress_hosts=["b.org", "*.c.org"],
        app_ingress_path="/shop",
        app_tls={"secret": "t"},
    )
    rules = ingress["spec"]["rules"]
    assert [rule["host"] for rule in rules] == ["a.org", "b.org", "*.c.org"]
    assert [rule["http"]["paths"][0]["path"] for rule in rules] == ["/shop"] * 3
    assert ingress["spec"]["tls"] == [{"secretName": "t", "hosts": ["a.org", "b.org", "*.c.org"]}]


@pytest.mark.parametrize(
    ("tls", "annotations", "secret"),
    [
        ({"issuer": "le"}, {"cert-manager.io/issuer": "le"}, "shop-tls"),
        ({"cluster_issuer": "le"}, {"cert-manager.io/cluster-issuer": "le"}, "shop-tls"),
        ({"secret": "mine"}, {}, "mine"),
        ({"secret": "mine", "redirect": True}, {"nginx.ingress.kubernetes.io/force-ssl-redirect": "true"}, "mine"),
        (
            {"platform": True, "redirect": True},
            {"traefik.ingress.kubernetes.io/router.middlewares": "redirect-to-https@file"},
            "shop-tls",
        ),
    ],
)
def test_certificates_are_named_and_asked_for(tls: dict[str, Any], annotations: dict[str, str], secret: str) -> None:
    [ingress] = objects(app_ingress_host="a.org", app_tls=tls, app_plan={"certificate": {"crt": "a", "key": "b"}})
    assert ingress["metadata"].get("annotations", {}) == annotations
    assert ingress["spec"]["tls"] == [{"secretName": secret, "hosts": ["a.org"]}]


def test_what_the_inventory_says_of_an_annotation_counts() -> None:
    theirs = {"cert-manager.io/issuer": "other", "x": "y"}
    [ingress] = objects(app_ingress_host="a.org", app_tls={"issuer": "le"}, workload_ingress_annotations=theirs)
    assert ingress["metadata"]["annotations"] == theirs


def test_the_platforms_certificate_for_an_address_is_its_controllers_own() -> None:
    [ingress] = objects(app_tls={"platform": True})
    assert "tls" not in ingress["spec"]


def test_nginx_takes_the_path_away() -> None:
    [ingress] = objects(app_ingress_class="nginx", app_ingress_path="/shop/v1.2", app_ingress_strip_path=True)
    [path] = ingress["spec"]["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == (r"/shop/v1\.2(/|$)(.*)", "ImplementationSpecific")
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/rewrite-target"] == "/$2"
    # Nothing is taken away from all of a host.
    assert objects(app_ingress_strip_path=True) == objects()


def test_a_gateway_takes_the_place_of_the_ingress() -> None:
    [route] = objects(app_gateway=GATEWAY)
    assert (route["apiVersion"], route["kind"]) == ("gateway.networking.k8s.io/v1", "HTTPRoute")
    assert route["metadata"]["name"] == route["metadata"]["labels"]["fastapi-mysql-k8s/target"] == "shop"
    assert route["spec"] == {
        "parentRefs": [GATEWAY],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "shop", "port": 80}],
            }
        ],
    }


def test_a_gateway_takes_the_path_away() -> None:
    [route] = objects(
        app_gateway=GATEWAY | {"listener": "web"},
        app_ingress_host="a.org",
        app_ingress_hosts=["b.org"],
        app_ingress_path="/shop",
        app_ingress_strip_path=True,
    )
    assert route["spec"]["parentRefs"] == [GATEWAY | {"sectionName": "web"}]
    assert route["spec"]["hostnames"] == ["a.org", "b.org"]
    [rule] = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/shop"}}]
    [rewrite] = rule["filters"]
    assert rewrite["urlRewrite"] == {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}


@pytest.mark.parametrize(
    ("url", "port"), [("https://127.0.0.1:8443", {"port": 8443}), ("https://shop.example.org", {})]
)
def test_a_gateway_redirects_at_one_listener_and_serves_at_the_other(url: str, port: dict[str, int]) -> None:
    served, redirected = objects(
        app_gateway=GATEWAY | {"listener": "https", "http_listener": "http"},
        app_ingress_host="a.org",
        app_ingress_path="/shop",
        app_ingress_strip_path=True,
        app_tls={"redirect": True},
        app_base_url=url,
    )
    assert [one["spec"]["parentRefs"][0]["sectionName"] for one in (served, redirected)] == ["https", "http"]
    assert redirected["metadata"]["name"] == "shop-redirect"
    [rule] = redirected["spec"]["rules"]
    assert rule == {
        "matches": [{"path": {"type": "PathPrefix", "value": "/shop"}}],
        "filters": [
            {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301} | port},
        ],
    }
