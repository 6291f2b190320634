#!/usr/bin/python
"""How the platform's Kubernetes encrypts what it keeps."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.whole_file import write_whole

DOCUMENTATION = r"""
module: platform_encryption
short_description: Make the key that the platform's Kubernetes encrypts Secrets with
description:
  - Writes an EncryptionConfiguration for the API server, with a randomly generated key, that only its owner may read.
    What is there stays as it is, since nobody else knows the key.
  - The cipher is C(secretbox) (XSalsa20 and Poly1305), which is authenticated; C(aescbc) is not.
    What was written before there was a key can still be read; M(fastapi_mysql.k8s.platform_rewrite) has it written again.
  - The key never passes through Ansible.
options:
  path:
    description: The file.
    type: path
    required: true
  resources:
    description: What is encrypted.
    type: list
    elements: str
    default: [secrets]
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Make the key
  fastapi_mysql.k8s.platform_encryption:
    path: /var/lib/fastapi-mysql-k8s/kubernetes/encryption.json
"""

RETURN = r"""
fingerprint:
  description: SHA-256 of the file, which differs when the API server has to read it again; it gives 32 random bytes not away.
  type: str
  returned: always
"""

# What NaCl's secretbox takes.
KEY_BYTES = 32


def configuration(resources: list[str]) -> dict[str, Any]:
    """An EncryptionConfiguration with a new key."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": resources,
                # The first one writes; the last one reads what was written before there was a key.
                "providers": [{"secretbox": {"keys": [{"name": "first", "secret": key}]}}, {"identity": {}}],
            }
        ],
    }


def whole(text: str, resources: list[str]) -> bool:
    """Whether a file is a configuration for these resources, with a key of the right length."""
    try:
        [entry] = json.loads(text)["resources"]
        key = base64.b64decode(entry["providers"][0]["secretbox"]["keys"][0]["secret"], validate=True)
    except (ValueError, KeyError, TypeError, IndexError):
        return False
    return entry["resources"] == resources and len(key) == KEY_BYTES


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "resources": {"type": "list", "elements": "str", "default": ["secrets"]},
        },
        supports_check_mode=True,
    )
    path, resources = Path(module.params["path"]), module.params["resources"]
    text = path.read_text() if path.exists() else ""
    if text and not whole(text, resources):
        module.fail_json(
            msg=f"{path} is no configuration for encrypting {', '.join(resources)}, and what it encrypted can be read with nothing "
            "else: put the file back, or make the platform again (make down, then make deploy)"
        )
    changed = not text or bool(path.stat().st_mode & 0o077)
    if changed and not module.check_mode:
        text = text or json.dumps(configuration(resources), indent=2) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    module.exit_json(changed=changed, fingerprint=hashlib.sha256(text.encode()).hexdigest())


if __name__ == "__main__":
    main()
