"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: report
short_description: Print what a run has come to
description:
  - Prints the URL, the Pods behind it, and the answer of each endpoint, a line each.
options:
  url:
    description: Where the API answers.
    type: str
    required: true
  host:
    description: The host name it answers to, when that is not the one in the URL.
    type: str
    default: ""
  pods:
    description: The Pods, each with name, ready and node.
    type: list
    elements: dict
    default: []
  replicas:
    description: The Pods that were asked one by one, and how many of their answers were right.
    type: list
    elements: dict
    default: []
  unasked:
    description: Why the Pods were not asked one by one.
    type: str
    default: ""
  answers:
    description: The answers, each with url and answer.
    type: list
    elements: dict
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Report what users get
  fastapi_mysql.k8s.report:
    url: http://127.0.0.1:8080
    answers: [{url: "http://127.0.0.1:8080/status", answer: 200 1}]
"""

RETURN = r"""
report:
  description: The lines that were printed.
  type: list
  elements: str
  returned: always
"""
