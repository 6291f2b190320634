"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: render_manifests
short_description: Render manifest templates into a private folder
description:
  - Renders Jinja templates on the controller. All are rendered before any is written.
  - The folder gets mode 0700. A file is replaced in one step, and only when it is different.
options:
  templates:
    description: The templates; each file is named like its template without C(.j2). They may include others in their folder.
    type: list
    elements: path
    required: true
  dest:
    description: The folder; empty to write nothing, and pass on the texts alone.
    type: path
    required: true
  mode:
    description: The files' mode, in octal.
    type: str
    default: "0640"
  sensitive:
    description: Whether to keep the texts out of C(--diff) and of what is shown of the result at any verbosity.
    type: bool
    default: false
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Render the Service
  fastapi_mysql.k8s.render_manifests:
    templates: [templates/my-service-eval.yml.j2]
    dest: manifests/mine
  register: rendered
"""

RETURN = r"""
files:
  description: The files.
  type: list
  elements: str
  returned: success
manifests:
  description: Their texts, in the same order; in check mode, too.
  type: list
  elements: str
  returned: success
"""
