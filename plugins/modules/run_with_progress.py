"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: run_with_progress
short_description: Run a long command on the controller and show that it moves
description:
  - Runs one command as the user who called Ansible, writes its output to a log, and prints every few seconds how far it is,
    judged by the number of lines it has printed.
options:
  argv:
    description: The command.
    type: list
    elements: str
    required: true
  chdir:
    description: Where it runs.
    type: path
    required: true
  environment:
    description: What its environment holds beside the caller's own.
    type: dict
    default: {}
  log:
    description: The file its output goes to.
    type: path
    required: true
  label:
    description: What it does, in words.
    type: str
    required: true
  lines:
    description: How many lines it prints when all goes well.
    type: int
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Compile
  fastapi_mysql.k8s.run_with_progress:
    argv: [go, install, -v, ./cmd/kubelet]
    chdir: /tmp/kubernetes
    log: /tmp/compile.log
    label: Compiling the kubelet
    lines: 1200
"""

RETURN = r"""
seconds:
  description: How long it took.
  type: int
  returned: when it ran
"""
