"""Ask a cluster, before anything is changed, for what the way to an application refers to: Gateway, Secret, issuer."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import ForbiddenError, KubeError
from ..objects.managed_fields import MARK
from ..objects.routes import GATEWAYS

CERTIFICATES = "cert-manager.io/v1"
# The keys of app_tls that name an object of cert-manager, each with its kind and plural.
_ISSUERS = {"issuer": ("Issuer", "issuers"), "cluster_issuer": ("ClusterIssuer", "clusterissuers")}
_PARTS = ("tls.crt", "tls.key")


def check_gateway(client: KubeClient, wanted: Mapping[str, str], served: list[str]) -> None:
    """A KubeError where the cluster knows no Gateways, or has not this one, or not that listener of it."""
    if GATEWAYS not in served:
        raise KubeError(
            f"{_cluster(client)} does not serve {GATEWAYS}, so it has no Gateways: install the Gateway API and a "
            "controller for it, or leave app_gateway out, which makes it an Ingress. Nothing was changed."
        )
    where = f"/apis/{GATEWAYS}/namespaces/{wanted['namespace']}/gateways"
    try:
        gateway = client.find(f"{where}/{wanted['name']}")
    except ForbiddenError:
        # Who deploys into one namespace need not see others: its status will say what a Gateway makes of the route.
        return
    if gateway is None:
        raise KubeError(
            f"{_cluster(client)} has no Gateway {wanted['name']} in namespace {wanted['namespace']}"
            f"{_there(client, f'/apis/{GATEWAYS}/gateways')}: set app_gateway. Nothing was changed."
        )
    listeners = [str(one["name"]) for one in gateway["spec"].get("listeners") or []]
    for key in ("listener", "http_listener"):
        if wanted.get(key) and wanted[key] not in listeners:
            raise KubeError(
                f"The Gateway {wanted['namespace']}/{wanted['name']} has no listener {wanted[key]} (it has: "
                f"{', '.join(listeners) or 'none'}): set app_gateway.{key}. Nothing was changed."
            )


def check_certificate(client: KubeClient, namespace: str, wanted: Mapping[str, Any], served: list[str]) -> None:
    """A KubeError where the Secret or the issuer that a certificate is to come from is not there."""
    with suppress(ForbiddenError):
        if secret := wanted.get("secret"):
            _check_secret(client, namespace, str(secret))
        for key, (kind, plural) in _ISSUERS.items():
            if key in wanted:
                place = f"namespaces/{namespace}/" if key == "issuer" else ""
                _check_issuer(client, f"app_tls.{key}", kind, f"{place}{plural}", str(wanted[key]), served)


def _check_secret(client: KubeClient, namespace: str, name: str) -> None:
    live = client.find(f"/api/v1/namespaces/{namespace}/secrets/{name}")
    if live is None:
        raise KubeError(
            f"{_cluster(client)} has no Secret {name} in namespace {namespace}: create it (kubectl -n {namespace} "
            f"create secret tls {name} --cert=FILE --key=FILE), or set app_tls.secret. Nothing was changed."
        )
    if lacking := [part for part in _PARTS if not (live.get("data") or {}).get(part)]:
        raise KubeError(
            f"The Secret {name} in namespace {namespace} has no {' and no '.join(lacking)}, which a certificate takes: "
            "set app_tls.secret to one of type kubernetes.io/tls. Nothing was changed."
        )
    if MARK in (live["metadata"].get("labels") or {}):
        raise KubeError(
            f"The Secret {name} in namespace {namespace} was made for app_tls.platform, and goes with it: give "
            "app_tls.secret another. Nothing was changed."
        )


def _check_issuer(client: KubeClient, variable: str, kind: str, place: str, name: str, served: list[str]) -> None:
    if CERTIFICATES not in served:
        raise KubeError(
            f"{_cluster(client)} does not serve {CERTIFICATES}, so nobody would issue a certificate: install "
            f"cert-manager, or give {variable.partition('.')[0]} a Secret. Nothing was changed."
        )
    path = f"/apis/{CERTIFICATES}/{place}"
    if client.find(f"{path}/{name}") is None:
        raise KubeError(
            f"{_cluster(client)} has no {kind} {name}{_there(client, path)}: set {variable}. Nothing was changed."
        )


def _there(client: KubeClient, path: str) -> str:
    """Those there are, in brackets; nothing for who may not list them."""
    try:
        found = [one["metadata"] for one in client.get(path).get("items") or []]
    except ForbiddenError:
        return ""
    names = sorted("/".join(filter(None, (one.get("namespace"), one["name"]))) for one in found)
    return f" (there: {', '.join(names) or 'none'})"


def _cluster(client: KubeClient) -> str:
    return f"The cluster (context {client.cluster.context})"
