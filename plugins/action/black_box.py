"""Save what a failed rollout looked like. See plugins/modules/black_box.py."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.diagnostics.black_box import BlackBox, forget_old, new_folder
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube.errors import KubeError, one_line
from ..plugin_utils.kube_action import CLUSTER_ARGUMENTS, DEPLOYMENT_ARGUMENTS, USERS_ARGUMENTS
from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.redaction.mask import Mask
from ..plugin_utils.run_cluster import run_kubeconfig
from ..plugin_utils.verify.asker import Asker
from ..plugin_utils.verify.repeating import harmless
from ..plugin_utils.verify.secrets import long_secrets
from ..plugin_utils.verify.session import Order, Session

# Nothing of this may take long: what has failed is still to be undone.
TIMEOUT = 5.0


class ActionModule(PlainAction):
    """The action `black_box`: it never fails, for what has failed already is the news."""

    SHARED: ClassVar[dict[str, dict[str, Any]]] = CLUSTER_ARGUMENTS | DEPLOYMENT_ARGUMENTS | USERS_ARGUMENTS
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "base_url": {"type": "str", "default": ""},
        "dest": {"type": "path", "required": True},
        "cause": {"type": "raw", "default": None},
        "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
        "lines": {"type": "int", "default": 50},
        "keep": {"type": "int", "default": 10},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Fill a new folder; the result has its path, empty when there is none."""
        if self._task.check_mode:
            return {"changed": False, "path": ""}
        try:
            return {"changed": True, "path": str(save(arguments))}
        except (OSError, KubeError, ValueError) as error:
            Display().warning(f"No black box could be saved in {arguments['dest']}: {one_line(str(error))}")
            return {"changed": False, "path": ""}


def save(arguments: dict[str, Any]) -> Path:
    """Fill a new folder and return its path."""
    above = Path(arguments["dest"]).expanduser()
    given = arguments["cause"]
    # What failed may have been something without a cause of its own: then its words are all there is.
    cause = (
        {key: str(value) for key, value in given.items()} if isinstance(given, dict) else {"message": str(given or "")}
    )
    asker = users = None
    with suppress(ValueError):
        asker = Asker.of(arguments, TIMEOUT)
        users = Session(Order(harmless(arguments["endpoints"])), asker.send)
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
        # An application may write into its log what it is sent.
        box.fill(cause, [*arguments["secrets"], *long_secrets(arguments["endpoints"])], users)
    finally:
        if client:
            client.close()
        if asker:
            asker.close()
    forget_old(above, arguments["keep"])
    return box.folder
