"""Document the action plugin check_target, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_target
short_description: Check what is wanted of a target, and whom it is wanted from
description:
  - Reads the variables C(app_*) of the role C(app) by itself, and templates only those that are templates.
  - Refuses variables that begin with the name of one of O(roles) and that this role does not know, and values of another type than
    its C(meta/argument_specs.yml) names. So a typo is found before the first role has changed anything.
  - Checks names, numbers, paths, URLs, the password, the registry and the build contexts, and names all problems at once, one line each.
  - Then asks the registry and the cluster whether they answer, take the credentials and have what is needed; which of them, C(app_stages)
    and the tags of the run say.
  - Settles the database's credentials. They are C(app_db_password) if it is given, else what the cluster's Secret keeps (where the run does not
    ask the cluster, what was rendered last), else new ones randomly generated. Nothing is written yet.
  - Runs on the controller and changes nothing. No value of a secret is ever printed; so the result is shown at no verbosity.
options:
  roles:
    description: The roles whose variables are looked at, each with those that it sets itself.
    type: dict
    default: {}
author:
  - The authors of fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Check what the target wants
  fastapi_mysql.k8s.check_target:
    roles: {secret: [], workload: []}
"""

RETURN = r"""
---
cluster:
  description: Of the cluster that was asked, its address (server), context, version, apis, namespace_exists and ingress_classes; else empty.
  returned: success
  type: dict
credentials:
  description: Of the database, the password, the root_password, the key of their checksum, and the checksum.
  returned: success
  type: dict
"""
