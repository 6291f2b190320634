"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: backup
short_description: Write the database of a target into a file
description:
  - Dumps the database in one transaction, by the dump program of its server's own container, and packs it on this machine. The file's last
    line is the digest of all before it. An older file of the name is there until the new one is whole.
  - The account needs the right to C(get) and C(create) C(pods/exec).
  - In check mode nothing is written.
extends_documentation_fragment:
  - fastapi_mysql.k8s.backup
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Write the database of a target into a file
  fastapi_mysql.k8s.backup:
    name: notes
    namespace: notes
    db_mode: shared
    database: notes
    user: notes
    file: notes.sql.gz
"""

RETURN = r"""
file:
  description: The file, by its full path.
  type: str
  returned: always
size:
  description: The bytes of SQL in it.
  type: int
  returned: when it is known
digest:
  description: Their SHA-256.
  type: str
  returned: when it is known
"""
