"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: settled_credentials
short_description: Settle a target's passwords again, under its lock
description:
  - Runs on the controller, over one connection, and changes nothing. Reads the variables C(app_*), as M(fastapi_mysql.k8s.check_target) does.
  - What is written under the lock has to be read under it. Another run may have changed the Secret since this one began, such as a rotation of
    the passwords, or a first deployment that was quicker. Then the passwords are settled again from what the Secret holds now.
options:
  checked:
    description: What M(fastapi_mysql.k8s.check_target) has returned.
    type: dict
    required: true
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Settle the passwords again, under the lock
  fastapi_mysql.k8s.settled_credentials:
    checked: "{{ app_checked }}"
  register: app_checked
"""

RETURN = r"""
cluster:
  description: As it was given.
  type: dict
  returned: success
credentials:
  description: As it was given, or the passwords that count now. Printed at no verbosity.
  type: dict
  returned: success
"""
