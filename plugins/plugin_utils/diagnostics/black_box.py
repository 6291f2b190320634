"""Save what a failed rollout looked like, before anything is undone: for a person who comes later.

Whatever cannot be had is noted in the box, and is no reason to fail: what is to be undone must not wait for a log.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..kube.client import KubeClient
from ..kube.errors import KubeError, NotFoundError
from ..kube.kinds import collection
from ..objects.routes import GATEWAYS
from ..objects.service_addresses import ENDPOINTS, SLICES, path_of
from ..redaction.hidden_values import hidden_values
from ..redaction.mask import Mask
from ..rollout.view import containers
from ..verify.request import title
from ..verify.session import Session
from . import box_contents as contents

Object = dict[str, Any]

# A black box is for reading: of many Pods these tell enough, the troubled ones first.
PODS = 12
LOG_BYTES = 65536
AT_A_TIME = 4


@dataclass
class BlackBox:
    """One folder, being filled."""

    client: KubeClient | None
    namespace: str
    name: str
    folder: Path
    mask: Mask
    lines: int = 50
    files: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    events: list[Object] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def fill(self, cause: dict[str, str], secrets: Iterable[str], users: Session | None) -> None:
        """Ask for everything, hide what is secret, write the files."""
        with ThreadPoolExecutor(AT_A_TIME + 1) as pool:
            asked = pool.submit(self._ask_ingress, users)
            if self.client:
                self._objects()
                readable = self._hide(self.client, secrets)
                chosen = self._chosen() if readable else []
                for group in [chosen[number::AT_A_TIME] for number in range(AT_A_TIME)]:
                    pool.submit(self._logs, self.client.twin(), group)
            else:
                self.mask = Mask(secrets)
            asked.result()
        self.files["ingress.txt"] = "\n".join(self.answers) + "\n"
        self.files["summary.md"] = self._summary(cause)
        self.files["cause.json"] = json.dumps(cause, indent=2, ensure_ascii=False) + "\n"
        self._write()

    def _objects(self) -> None:
        place = f"namespaces/{self.namespace}"
        selector: dict[str, str] = {}
        deployment = self._get(f"/apis/apps/v1/{place}/deployments/{self.name}")
        if deployment:
            labels = deployment["spec"]["selector"].get("matchLabels") or {}
            selector = {"labelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}
            self._keep("deployment.json", deployment)
            sets = self._get(f"/apis/apps/v1/{place}/replicasets", **selector).get("items") or []
            self._keep("replicasets.json", sets)
            self.pods = self._get(f"/api/v1/{place}/pods", **selector).get("items") or []
            self._keep("pods.json", self.pods)
        self._keep("services.json", self._get(f"/api/v1/{place}/services/{self.name}"))
        ingress = self._get(f"/apis/networking.k8s.io/v1/{place}/ingresses/{self.name}")
        self._keep("ingresses.json", ingress)
        if not ingress and (route := self._get(f"{collection(GATEWAYS, 'HTTPRoute', self.namespace)}/{self.name}")):
            self._keep("httproutes.json", route)
        for plural in (SLICES, ENDPOINTS):
            if found := self._get(path_of(plural, self.namespace, self.name)):
                self._keep(f"{plural}.json", found.get("items") or found)
                # The other one would say the same, and a new Kubernetes warns about it.
                break
        self.events = self._get(f"/api/v1/{place}/events").get("items") or []
        ours = [
            event for event in self.events if str((event.get("involvedObject") or {}).get("name")).startswith(self.name)
        ]
        self.files["events.txt"] = "\n".join(contents.event_lines(ours)) + "\n"
        self.events = ours

    def _get(self, path: str, **query: str) -> Object:
        if self.client is None:
            return {}
        try:
            return self.client.get(path, **query)
        except NotFoundError:
            return {}
        except KubeError as error:
            self.faults.append(f"{path}: {error}")
            return {}

    def _keep(self, name: str, item: Object | list[Object]) -> None:
        kept = [contents.bare(one) for one in item] if isinstance(item, list) else contents.bare(item)
        self.files[name] = json.dumps(kept, indent=2, ensure_ascii=False) + "\n"

    def _hide(self, client: KubeClient, secrets: Iterable[str]) -> bool:
        """Learn what must not be written; whether that is all of it, so that logs may be kept."""
        hidden = hidden_values(client, self.namespace, self.name, [pod["spec"] for pod in self.pods])
        self.mask = Mask([*secrets, *hidden.values])
        if hidden.unread:
            self.faults.append(f"The logs are not kept: {hidden.unread}, and they may hold its values.")
        return not hidden.unread

    def _chosen(self) -> list[Object]:
        """The Pods whose logs are kept: those that are not ready before the others, the newest first."""
        newest = sorted(self.pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
        return sorted(newest, key=lambda pod: all(one.ready for one in containers(pod)) and bool(containers(pod)))[
            :PODS
        ]

    def _logs(self, client: KubeClient, pods: list[Object]) -> None:
        for pod in pods:
            name = str(pod["metadata"]["name"])
            for one in containers(pod):
                for suffix, more in (("", {}), (".previous", {"previous": "true"})):
                    if suffix and not one.status.get("restartCount"):
                        continue
                    self._log(client, name, one.name, suffix, more)
        client.close()

    def _log(self, client: KubeClient, pod: str, container: str, suffix: str, more: dict[str, str]) -> None:
        query = {
            "container": container,
            "tailLines": str(self.lines),
            "limitBytes": str(LOG_BYTES),
            "timestamps": "true",
        }
        try:
            text = client.text(f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log", **query, **more)
        except KubeError as error:
            text = f"(no log: {error})\n"
        self.files[f"logs/{pod}.{container}{suffix}.log"] = text

    def _ask_ingress(self, users: Session | None) -> None:
        if users is None:
            return
        for number, endpoint in enumerate(users.order.endpoints):
            answer = users.ask(number)
            self.answers.append(f"{title(endpoint)}  {answer.shown()}")
            if answer.error:
                # Nobody there: the others would only take their time to say the same.
                return

    def _summary(self, cause: dict[str, str]) -> str:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        text = [f"# Why {self.name} in namespace {self.namespace} failed", "", f"Seen at {now}.", ""]
        text += [f"- **Cause**: {cause.get('type') or 'not known'}", f"- **What is wrong**: {cause.get('message', '')}"]
        text += [f"- **What to do**: {cause['remedy']}"] if cause.get("remedy") else []
        text += ["", "## Pods", "", *(contents.pod_rows(self.pods) if self.pods else ["There are none."])]
        warnings = [event for event in self.events if event.get("type") != "Normal"]
        text += ["", "## The last warnings", "", "```", *contents.event_lines(warnings)[-15:], "```"]
        for suffix, run in (("", "current"), (".previous", "previous")):
            log = self.files.get(f"logs/{cause.get('pod')}.{cause.get('container')}{suffix}.log", "").splitlines()[-15:]
            if log:
                text += [
                    "",
                    f"## {cause['container']} in {cause['pod']}: the end of its {run} log",
                    "",
                    "```",
                    *log,
                    "```",
                ]
        text += ["", "## What the Ingress responded", "", "```", *(self.answers or ["(not requested)"]), "```"]
        if self.faults:
            text += ["", "## What could not be had", "", *(f"- {fault}" for fault in self.faults)]
        kept = ", ".join(f"`{name}`" for name in sorted(self.files) if not name.startswith("logs/"))
        logs = f", and in `logs/` the last {self.lines} lines of each container"
        has_logs = any(name.startswith("logs/") for name in self.files)
        text += ["", f"Beside this file: {kept}{logs if has_logs else ''}."]
        text += ["Values of the Secret and of the Pods' variables are hidden.", ""]
        return "\n".join(text)

    def _write(self) -> None:
        """All files under a name of their own first: a box that is there is whole."""
        part = self.folder.with_name(f".{self.folder.name}.part")
        part.mkdir(mode=0o700, parents=True)
        for name, text in self.files.items():
            path = part / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(self.mask(text), encoding="utf-8")
        part.rename(self.folder)


def new_folder(above: Path) -> Path:
    """A name for a new box, after the time; a second one within a second gets a number."""
    above.mkdir(mode=0o700, parents=True, exist_ok=True)
    above.chmod(0o700)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    names = (stamp, *(f"{stamp}-{number}" for number in range(2, 1000)))
    return next(above / name for name in names if not (above / name).exists())


def forget_old(above: Path, keep: int) -> None:
    """Remove all but the newest boxes; what does not look like a box stays."""
    boxes = sorted(path for path in above.iterdir() if (path / "cause.json").is_file())
    for path in boxes[:-keep] if keep > 0 else []:
        shutil.rmtree(path, ignore_errors=True)
