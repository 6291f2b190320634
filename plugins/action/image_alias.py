"""Give an image in a registry a second tag. See plugins/modules/image_alias.py."""

from __future__ import annotations

from collections.abc import Mapping

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.image_reference import (
    BadReference,
    parse_reference,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_client import RegistryError
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_credentials import CredentialsError
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_session import (
    CREDENTIALS_SPEC,
    open_registry,
)


def _move(args: Mapping[str, object], check_mode: bool) -> dict[str, object]:
    image = parse_reference(str(args["image"]))
    alias = parse_reference(f"{image.name}:{args['alias']}")
    client = open_registry(image.host, args)
    before = client.digest(alias)
    manifest = client.manifest(image)
    if manifest is None:
        if check_mode:
            return {"changed": True, "reference": str(alias), "digest": None}
        raise RegistryError(f"The registry {image.host} does not have {image}: push it first")
    changed = before != manifest.digest
    if changed and not check_mode:
        client.put_manifest(alias, manifest)
    return {"changed": changed, "reference": str(alias), "digest": manifest.digest}


class ActionModule(ActionBase):
    """Store the manifest once more under another name: needs no engine and moves no layer."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Return whether the tag was moved; fail in one line."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={
                "image": {"type": "str", "required": True},
                "alias": {"type": "str", "required": True},
                **CREDENTIALS_SPEC,
            }
        )
        try:
            result.update(_move(args, bool(self._task.check_mode)))
        except (BadReference, RegistryError, CredentialsError) as error:
            result.update(failed=True, msg=str(error))
        return result
