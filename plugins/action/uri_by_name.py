"""Request a name from an address of the caller's choice. See plugins/modules/uri_by_name.py."""

from __future__ import annotations

import urllib.parse
from typing import Any, ClassVar

from ..plugin_utils.plain_action import PlainAction
from ..plugin_utils.relay import relayed
from ..plugin_utils.verify.endpoints import quoted


class ActionModule(PlainAction):
    """The action `uri_by_name`: the module ansible.builtin.uri, whose connection is led to the address."""

    _supports_check_mode = False
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "base_url": {"type": "str", "required": True},
        "host": {"type": "str", "required": True},
        "path": {"type": "str", "default": "/"},
        "status_code": {"type": "int", "default": 200},
        "validate_certs": {"type": "bool", "default": True},
        "ca_file": {"type": "path", "default": ""},
    }

    def perform(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """What the module returns."""
        base = urllib.parse.urlsplit(arguments["base_url"])
        port = base.port or (443 if base.scheme == "https" else 80)
        name = urllib.parse.urlsplit(f"//{arguments['host']}").hostname
        path = quoted(base.path.rstrip("/") + arguments["path"])
        with relayed(str(base.hostname), port) as socket:
            found: dict[str, Any] = self._execute_module(
                "ansible.builtin.uri",
                {
                    "url": f"{base.scheme}://{name}:{port}{path}",
                    "headers": {"Host": arguments["host"]},
                    "status_code": [arguments["status_code"]],
                    "follow_redirects": "none",
                    "return_content": True,
                    "use_proxy": False,
                    "unix_socket": socket,
                    "validate_certs": arguments["validate_certs"],
                    **({"ca_path": arguments["ca_file"]} if arguments["ca_file"] else {}),
                },
                task_vars=self.variables,
            )
        return found
