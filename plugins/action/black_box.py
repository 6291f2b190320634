"""Save what a failed rollout looked like. See plugins/modules/black_box.py."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils.diagnostics.black_box import BlackBox, forget_old, new_folder
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError, one_line
from ..plugin_utils.redaction.mask import Mask
from ..plugin_utils.run_cluster import run_kubeconfig
from ..plugin_utils.verify.endpoints import Asker

# Nothing of this may take long: what has failed is still to be undone.
TIMEOUT = 5.0


class ActionModule(ActionBase):
    """The action `black_box`: it never fails, for what has failed already is the news."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fill a new folder; the result has its path, empty when there is none."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "name": {"type": "str", "required": True},
                "namespace": {"type": "str", "required": True},
                "dest": {"type": "path", "required": True},
                "cause": {"type": "raw", "default": None},
                "base_url": {"type": "str", "default": ""},
                "host": {"type": "str", "default": ""},
                "validate_certs": {"type": "bool", "default": True},
                "endpoints": {"type": "list", "elements": "dict", "default": []},
                "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
                "lines": {"type": "int", "default": 50},
                "keep": {"type": "int", "default": 10},
                "kubeconfig": {"type": "str", "default": ""},
                "context": {"type": "str", "default": ""},
            }
        )
        result.update(changed=False, path="")
        if self._task.check_mode:
            return result
        try:
            path = save(arguments)
        except (OSError, KubeError, ValueError) as error:
            Display().warning(f"No black box could be saved in {arguments['dest']}: {one_line(str(error))}")
            return result
        result.update(changed=True, path=str(path))
        return result


def save(arguments: dict[str, Any]) -> Path:
    """Fill a new folder and return its path."""
    above = Path(arguments["dest"]).expanduser()
    given = arguments["cause"]
    # What failed may have been something without a cause of its own: then its words are all there is.
    cause = (
        {key: str(value) for key, value in given.items()} if isinstance(given, dict) else {"message": str(given or "")}
    )
    asker = None
    with suppress(ValueError):
        asker = Asker(arguments["base_url"], arguments["host"], arguments["validate_certs"], TIMEOUT)
    client: KubeClient | None = None
    faults: list[str] = []
    try:
        path = run_kubeconfig(arguments["kubeconfig"], arguments["context"])
        client = KubeClient.from_kubeconfig(path, timeout=TIMEOUT)
    except KubeError as error:
        faults.append(str(error))
    box = BlackBox(client, arguments["namespace"], arguments["name"], new_folder(above), Mask([]), arguments["lines"])
    box.faults += faults
    try:
        box.fill(cause, arguments["secrets"], asker, [str(item["path"]) for item in arguments["endpoints"]])
    finally:
        if client:
            client.close()
        if asker:
            asker.close()
    forget_old(above, arguments["keep"])
    return box.folder
