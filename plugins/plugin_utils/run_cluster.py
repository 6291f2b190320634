"""One cluster for all of a run: whoever talks to Kubernetes, talks to the one that was found first."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .kube.client import KubeClient
from .kube.config import load_cluster
from .kube.proxy import parsed
from .run_folder import run_folder
from .tenancy.pinned import keep, pinned

# What every Python that is started from a task loads first.
LENIENT = Path(__file__).parent / "lenient_tls"


def run_kubeconfig(kubeconfig: str, context: str) -> str:
    """The kubeconfig of this run for what the user has named, in the folder that Ansible removes when the run ends."""
    return str(pinned(run_folder(), kubeconfig, context))


@contextlib.contextmanager
def connected(kubeconfig: str, context: str, timeout: float = 20.0) -> Iterator[KubeClient]:
    """A client of the run's cluster; credentials that it had to renew are kept for whoever comes next."""
    path = run_kubeconfig(kubeconfig, context)
    with KubeClient.from_kubeconfig(path, timeout=timeout) as client:
        known = client.cluster
        try:
            yield client
        finally:
            if client.cluster is not known:
                keep(Path(path), client.cluster)


def module_arguments(kubeconfig: str, context: str) -> dict[str, Any]:
    """What a module of kubernetes.core is told, so that nothing is left for it to find out."""
    path = run_kubeconfig(kubeconfig, context)
    cluster = load_cluster(path)
    _free_environment(bool(cluster.ca))
    proxy = parsed(cluster.through, cluster.where)
    user = cluster.credentials.headers.get("Impersonate-User")
    return {
        "kubeconfig": path,
        "context": cluster.context,
        "validate_certs": not cluster.insecure,
        "persist_config": False,
        "proxy": proxy.address if proxy else "",
        "no_proxy": "",
        "proxy_headers": {"proxy_basic_auth": proxy.login} if proxy and proxy.login else {},
        "impersonate_user": user or "",
        "impersonate_groups": list(cluster.credentials.groups),
    }


def _free_environment(lenient: bool) -> None:
    """Leave nothing in this process that would tell a module of kubernetes.core another cluster, user or proxy.

    Empty values would not do: it takes an empty K8S_AUTH_VERIFY_SSL for yes, and an empty K8S_AUTH_API_KEY for a token.
    A task has a process of its own, and what it starts inherits from here.
    """
    for name in [name for name in os.environ if name.startswith("K8S_AUTH_")]:
        del os.environ[name]
    if lenient and sys.version_info >= (3, 13):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(LENIENT), os.environ.get("PYTHONPATH")]))
