"""Check that a registry answers. See plugins/modules/registry_preflight.py."""

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.image_reference import BadReference, split_registry
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_client import RegistryError
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_credentials import CredentialsError
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_session import (
    CREDENTIALS_SPEC,
    open_registry,
)


class ActionModule(ActionBase):
    """Ask the registry for its protocol, with the credentials that a push will use."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Fail in one line when the registry does not answer or refuses the credentials."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={"registry": {"type": "str", "required": True}, **CREDENTIALS_SPEC}
        )
        try:
            host, _ = split_registry(args["registry"])
            open_registry(host, args).ping()
        except (BadReference, RegistryError, CredentialsError) as error:
            result.update(failed=True, msg=str(error))
            return result
        result["host"] = host
        return result
