"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: exam_kit
short_description: Put the exam's deliverables and their proof into one zip
description:
  - Writes C(main.py), the four rendered manifests, a C(README.md), the folders that the images are built from, and the evidence
    into one zip that only its owner may read, for it holds the Secret.
  - The same content gives the same bytes.
options:
  dest:
    description: The zip.
    type: path
    required: true
  rendered:
    description: The folder of the rendered manifests and of README.md.
    type: path
    required: true
  main:
    description: The API's program; left out when there is none.
    type: path
    required: true
  contexts:
    description: Folders that the images are built from, by their name in the zip.
    type: dict
    default: {}
  dockerfiles:
    description: The Dockerfile of each of O(contexts), relative to its folder; C(Dockerfile) for one that is not named.
    type: dict
    default: {}
  proof:
    description: The folder of the evidence; none is fine.
    type: path
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Pack the kit
  fastapi_mysql.k8s.exam_kit:
    dest: exam/local.zip
    rendered: exam/local
    main: api/main.py
    contexts: {image: api}
    proof: evidence/local/latest
"""

RETURN = r"""
path:
  description: The zip.
  type: str
  returned: when not in check mode
files:
  description: The names in it.
  type: list
  elements: str
  returned: when not in check mode
"""
