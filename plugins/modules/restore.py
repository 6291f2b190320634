"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: restore
short_description: Put a backup in the place of what the database of a target holds
description:
  - Reads the whole file first; one that is damaged, or was changed since, is refused.
  - Then dumps what the database holds into a file beside it, loads the backup into a database of its own, and compares what that
    dumps with the backup, byte by byte. Only then is it put in the place of what is there, while the API's account is locked, and
    compared once more.
  - The Jobs of migrations are deleted, so that the next deployment migrates what was restored.
  - The account needs the right to C(get) and C(create) C(pods/exec), and to delete Jobs.
  - In check mode nothing but the file is looked at.
extends_documentation_fragment:
  - fastapi_mysql.k8s.backup
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Put a backup in the place of what the database of a target holds
  fastapi_mysql.k8s.restore:
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
kept:
  description: The file with what the database held before.
  type: str
  returned: always
"""
