"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: platform_preflight
short_description: Say what stands in the way of the platform
description:
  - Looks at privilege, architecture, system, kernel, control groups, namespaces, programs, disk space, ports and address ranges,
    and fails with everything it found.
  - A system that is not in C(platform/distributions.yml) is refused only where apt lacks packages, which are then named.
options:
  release:
    description: The release of Kubernetes that is wanted.
    type: str
    required: true
  releases:
    description: The folder that holds a file for each release that there can be.
    type: path
    required: true
  cache_dir:
    description: Where the caches will be.
    type: path
    required: true
  state_dir:
    description: Where the state will be.
    type: path
    required: true
  run_dir:
    description: Where the sockets will be.
    type: path
    required: true
  free_gib:
    description: Free space, in GiB, that a first run needs.
    type: float
    required: true
  ports:
    description: Ports on 127.0.0.1 that must be free, by the name of the variable that sets them.
    type: dict
    required: true
  ranges:
    description: IPv4 ranges that no route may overlap, by the name of the variable that sets them.
    type: dict
    required: true
  running:
    description: Whether the platform is running already and so holds its ports itself.
    type: bool
    default: false
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Look for obstacles
  fastapi_mysql.k8s.platform_preflight:
    release: "1.37"
    releases: platform/releases
    cache_dir: /home/me/.cache/fastapi-mysql-k8s
    state_dir: /var/lib/fastapi-mysql-k8s
    run_dir: /run/fastapi-mysql-k8s
    free_gib: 8
    ports: {platform_base_registry_port: 5000}
    ranges: {platform_base_pod_range: 198.18.0.0/16}
"""

RETURN = r"""# """
