"""Ask a registry for the image that a build context stands for. See plugins/modules/image_state.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible.plugins.action import ActionBase
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.context_hash import BadContext, context_tag
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.image_reference import (
    BadReference,
    parse_reference,
    reference_below,
    split_registry,
)
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_client import RegistryClient, RegistryError
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_credentials import CredentialsError
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.registry_session import (
    CREDENTIALS_SPEC,
    open_registry,
)

_BASE_ARGUMENT = "BASE_IMAGE"


def _base_digest(client: RegistryClient, registry: str, build_args: Mapping[str, str]) -> str | None:
    """Return the digest of a base image that lives below ``registry``; others count by their name."""
    base = build_args.get(_BASE_ARGUMENT)
    if not base:
        return None
    try:
        image = parse_reference(base)
    except BadReference:
        # The build will say what is wrong with it, in its own place.
        return None
    host, path = split_registry(registry)
    if image.host != host or (path and not image.repository.startswith(f"{path}/")):
        return None
    return client.digest(image)


def _look(args: Mapping[str, object]) -> dict[str, object]:
    build_args = {str(name): str(value) for name, value in _mapping(args["build_args"]).items()}
    registry = str(args["registry"])
    client = open_registry(split_registry(registry)[0], args)
    base_digest = _base_digest(client, registry, build_args)
    tag = context_tag(
        Path(str(args["context"])).expanduser(),
        dockerfile=str(args["dockerfile"] or "Dockerfile"),
        build_args=build_args,
        target=str(args["target"] or ""),
        platform=str(args["platform"] or ""),
        base_digest=base_digest,
    )
    image = reference_below(registry, str(args["name"]), tag)
    digest = client.digest(image)
    alias = str(args["alias"] or "")
    alias_digest = None
    if alias:
        alias_digest = client.digest(reference_below(registry, str(args["name"]), alias)) if digest else None
    return {
        "name": image.name,
        "tag": tag,
        "reference": str(image),
        "present": digest is not None,
        "digest": digest,
        "pinned": f"{image.name}@{digest}" if digest else None,
        "alias_digest": alias_digest,
        "alias_current": not alias or (digest is not None and alias_digest == digest),
        "base_digest": base_digest,
    }


def _mapping(value: object) -> Mapping[object, object]:
    return value if isinstance(value, Mapping) else {}


class ActionModule(ActionBase):
    """Hash the build context and look for its tag in the registry: some milliseconds, nothing is changed."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, object] | None = None) -> dict[str, object]:
        """Return the image's names and whether the registry has it; fail in one line."""
        result: dict[str, object] = super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={
                "registry": {"type": "str", "required": True},
                "name": {"type": "str", "required": True},
                "alias": {"type": "str", "default": ""},
                "context": {"type": "str", "required": True},
                "dockerfile": {"type": "str", "default": "Dockerfile"},
                "build_args": {"type": "dict", "default": {}},
                "target": {"type": "str", "default": ""},
                "platform": {"type": "str", "default": ""},
                **CREDENTIALS_SPEC,
            }
        )
        try:
            result.update(_look(args))
        except (BadContext, BadReference, RegistryError, CredentialsError) as error:
            result.update(failed=True, msg=str(error))
        return result
