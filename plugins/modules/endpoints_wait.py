"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: endpoints_wait
short_description: Wait until endpoints answer as expected
description:
  - Asks each endpoint on the controller, over one connection, until all answers are right or the time is up.
  - Fails with one line that names URL, expected and given answer. In check mode it asks nobody.
options:
  base_url:
    description: The URL that the paths are below.
    type: str
    required: true
  host:
    description: The Host header to send; empty for the one in the URL.
    type: str
    default: ""
  endpoints:
    description: The endpoints, as the role C(verify) describes them.
    type: list
    elements: dict
    required: true
  timeout:
    description: Seconds until a wrong answer is an error.
    type: int
    default: 60
  validate_certs:
    description: Whether an https URL's certificate must be trusted.
    type: bool
    default: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Wait for the API
  fastapi_mysql.k8s.endpoints_wait:
    base_url: http://127.0.0.1:8080
    endpoints: [{path: /status, json: 1}]
"""

RETURN = r"""
answers:
  description: Name, URL and answer of each endpoint; long bodies are cut. Empty in check mode.
  type: list
  elements: dict
  returned: always
  sample: [{name: the API runs, url: "http://127.0.0.1:8080/status", answer: 200 1}]
"""
