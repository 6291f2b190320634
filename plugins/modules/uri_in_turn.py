"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: uri_in_turn
short_description: Request endpoints in their order with ansible.builtin.uri
description:
  - Runs M(ansible.builtin.uri) for each endpoint, with its method, headers and body. What a response gives (C(save)) is
    sent on with the requests after it.
  - Neither what is sent nor what is saved is returned, printed, or written into the machine's log.
  - WebSockets are left out, which M(ansible.builtin.uri) does not speak, and requests that are to be sent once only.
extends_documentation_fragment:
  - fastapi_mysql.k8s.users
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Log in, and read what only users may
  fastapi_mysql.k8s.uri_in_turn:
    base_url: http://127.0.0.1:8080
    endpoints:
      - path: /login
        method: POST
        request_json: {user: me, password: "{{ lookup('ansible.builtin.env', 'APP_SECRET_LOGIN') }}"}
        save: {token: json.access_token}
      - path: /me
        headers: {Authorization: "Bearer ${token}"}
"""

RETURN = r"""
answers:
  description: Each endpoint with its answer, shortened, without secrets.
  type: list
  elements: dict
  returned: when all answers are right
  sample: [{endpoint: POST /login, answer: '200 {"access_token": "(hidden)"}'}]
"""
