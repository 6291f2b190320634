"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: new_target
short_description: Write what deploys an API of one's own
description:
  - Looks at the sources of an API (FastAPI, Starlette, Flask, Django, Node, or anything with a Dockerfile) and writes an inventory,
    C(requirements.yml), C(ansible.cfg), what Git and a build are not to see and, where it is missing, a Dockerfile.
  - Refuses everything that is wrong before the first file is written. A file that is there and another stays, and ends the run; C(.gitignore) and
    C(.dockerignore) get the lines that they lack.
  - Prints what was found, what the plan would refuse of the new inventory, and the two commands that come next.
options:
  name:
    description: What the application is called; requested where it is not given and there is a terminal.
    type: str
    default: ""
  folder:
    description: Folder of the repository.
    type: path
    required: true
  source:
    description: Folder of the sources and the Dockerfile, relative to O(folder).
    type: str
    default: "."
  inventory:
    description: Name of the inventory below C(inventory/).
    type: str
    default: prod
  framework:
    description: Which framework counts, where the sources have several.
    type: str
    default: ""
  port:
    description: Port that the API listens on; empty for what the Dockerfile exposes or the sources tell.
    type: str
    default: ""
  readiness_path:
    description: Path that responds with 200 when the API is ready; empty for one that the sources have, else C(/).
    type: str
    default: ""
  liveness_path:
    description: Path that responds with 200 as long as the API lives; empty for one that the sources have.
    type: str
    default: ""
  registry:
    description: Registry of the image; empty leaves it to be filled in.
    type: str
    default: ""
  ingress_host:
    description: Host name that the API is reached by; empty for any.
    type: str
    default: ""
  base_url:
    description: Where the Ingress controller is reached.
    type: str
    default: ""
  dockerfile:
    description: Whether a Dockerfile is written where there is none and the framework is known.
    type: bool
    default: true
  config:
    description: Whether C(ansible.cfg) and C(requirements.yml) are written.
    type: bool
    default: true
  ask:
    description: Whether what is not given is requested, where there is a terminal.
    type: bool
    default: true
  force:
    description: Whether files that are there are written over.
    type: bool
    default: false
  templates:
    description: Folder of the templates.
    type: path
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Write what deploys the orders
  fastapi_mysql.k8s.new_target:
    name: orders
    folder: ~/src/orders
    registry: docker.io/yourname
    templates: "{{ role_path }}/templates"
"""

RETURN = r"""
files:
  description: The files that were written, or, in check mode, would have been.
  type: list
  elements: str
  returned: always
"""
