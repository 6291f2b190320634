"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: uri_by_name
short_description: Request a host by its name from an address that is given, as curl --resolve does
description:
  - Runs M(ansible.builtin.uri) with a URL that has the name, and leads its connection to the address. The server is told the name (SNI and
    the Host header), and its certificate must be for the name; the address only says where to connect.
options:
  base_url:
    description: The scheme, where to connect, and the path above all others.
    type: str
    required: true
  host:
    description: The name that is requested.
    type: str
    required: true
  path:
    description: The path with its query; what a request has encoded is encoded.
    type: str
    default: /
  status_code:
    description: The status that is right.
    type: int
    default: 200
  validate_certs:
    description: Whether the certificate must be trusted, and be for the name.
    type: bool
    default: true
  ca_file:
    description: A file with the certificates of the authorities to trust, in place of those that this machine trusts.
    type: path
    default: ""
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Request the status
  fastapi_mysql.k8s.uri_by_name:
    base_url: https://192.0.2.10
    host: shop.example.org
    path: /status
"""

RETURN = r"""
status:
  description: The status; what else there is, M(ansible.builtin.uri) documents.
  type: int
  returned: always
  sample: 200
"""
