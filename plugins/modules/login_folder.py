"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: login_folder
short_description: Make a folder for a registry login that ends with the run
description:
  - Runs on the controller. Makes a folder for C(DOCKER_CONFIG), for its owner alone, below Ansible's own for temporary files.
  - It holds the settings, logins and plugins of O(docker_config), and the logins of E(DOCKER_AUTH_CONFIG). The store for
    all logins would keep the new one, so it is left out; what it knows of the registries of O(images) is copied. Helpers
    for single registries stay, but for the one of O(registry).
  - Whoever makes it removes it. What a run that was killed has left is removed by the next one that makes a folder.
  - Never reports C(changed); in check mode it makes none.
options:
  docker_config:
    description: The folder of the user's own settings; it need not be there.
    type: path
    required: true
  registry:
    description: The registry that is to get a login of its own, a host or a host and a path; empty for none.
    type: str
    default: ""
  images:
    description: The images whose registries' logins are needed.
    type: list
    elements: str
    default: []
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Make a private folder for the login
  fastapi_mysql.k8s.login_folder:
    docker_config: ~/.docker
  register: login
"""

RETURN = r"""
path:
  description: The folder.
  type: str
  returned: when not in check mode
"""
