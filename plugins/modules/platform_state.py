"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: platform_state
short_description: Ask the platform whether it is up and well
description:
  - Asks the supervisor, Docker, the registry, the Ingress controller and Kubernetes, and compares what made the platform with this checkout.
  - Changes nothing and starts no process.
options:
  state_dir:
    description: What the platform keeps.
    type: path
    required: true
  run_dir:
    description: Its sockets.
    type: path
    required: true
  registry_port:
    description: Port of the registry on 127.0.0.1.
    type: int
    required: true
  ingress_port:
    description: Port of the Ingress on 127.0.0.1.
    type: int
    required: true
  ingress_tls_port:
    description: Port of the Ingress for HTTPS on 127.0.0.1; it must show a certificate of the platform's authority of Ingresses.
    type: int
    required: true
  kubeconfig:
    description: The administrator's kubeconfig.
    type: path
    required: true
  release:
    description: The release of Kubernetes that is wanted.
    type: str
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Check the platform's state
  fastapi_mysql.k8s.platform_state:
    state_dir: /var/lib/fastapi-mysql-k8s
    run_dir: /run/fastapi-mysql-k8s
    registry_port: 5000
    ingress_port: 8080
    ingress_tls_port: 8443
    kubeconfig: /var/lib/fastapi-mysql-k8s/kubeconfig
    release: "1.37"
"""

RETURN = r"""
running:
  description: Whether its supervisor runs.
  type: bool
  returned: always
healthy:
  description: Whether all of it is as it should be.
  type: bool
  returned: always
ailments:
  description: What is not, in words.
  type: list
  elements: str
  returned: always
fingerprint:
  description: SHA-256 of what makes the platform in this checkout.
  type: str
  returned: always
release:
  description: The release of Kubernetes that its content is of; empty where nothing is there yet.
  type: str
  returned: always
"""
