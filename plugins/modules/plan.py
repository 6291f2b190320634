"""Document the action plugin plan, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: plan
short_description: Work out what must be done for a target
description:
  - Reads the variables C(app_*) of the role C(app) by itself, and templates only those that are templates. Which of the following is done,
    C(app_stages) and the tags of the run say. Runs on the controller, in one process; registry, cluster and users are asked side by side.
  - Refuses variables that begin with the name of one of O(roles) and that this role does not know, and values of another type than
    its C(meta/argument_specs.yml) names. So a typo is found before the first role has changed anything. Checks names, numbers, paths, URLs,
    the password and the build contexts, and names all problems at once, one line each.
  - Looks for the images of this checkout in the registry, as M(fastapi_mysql.k8s.publish_images) does. Where nothing builds them, one that was
    never pushed is an error.
  - Checks that the cluster answers, takes the credentials and has what is needed. Settles the database's credentials. They are
    C(app_db_password) if it is given, else what the cluster's Secret keeps (where the run does not ask the cluster, what was rendered last),
    else new ones randomly generated.
  - Renders the manifests of the roles C(secret) and C(workload), writes those that are other ones than before to C(app_manifests_dir), and
    has the cluster check each by a server-side dry run. When it refuses any, the action fails and names all of them. A manifest for a
    namespace that is not there yet is checked in the namespace C(default), and a note says so.
  - What others put into an object's spec counts as a difference, labels and annotations of others do not. A field that the
    server-side apply of somebody else has claimed, and the replicas of a Deployment that an autoscaler looks after, stay as they are.
    An object that has the target's ownership label and is in no manifest is to be deleted; a namespace never is.
  - Where nothing differs and all of it runs, asks the endpoints once, and whether the newest evidence is still true.
  - Prints the plan, and with C(--diff) the files and objects; of a Secret only which keys differ. Changes nothing in the registry and the
    cluster. Its result holds the passwords, so it is shown at no verbosity. In check mode it reports C(changed) for all that would follow.
options:
  roles:
    description: The roles whose variables are looked at, each with those that it sets itself.
    type: dict
    default: {}
  save:
    description: File to save the plan to (mode 0600, without a secret); empty for none.
    type: str
    default: ""
  hold_to:
    description: File with a saved plan; when the sources, the cluster or what is wanted has moved since, the action fails. Empty for none.
    type: str
    default: ""
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
---
- name: Work out what must be done
  fastapi_mysql.k8s.plan:
    roles: {secret: [], workload: []}
  register: app_plan
"""

RETURN = r"""
---
done:
  description: Whether nothing is left to do in a playbook that deploys; in check mode always.
  returned: success
  type: bool
cluster:
  description: Of the cluster that was asked, its address (server), context, version, apis, namespace_exists and ingress_classes; else empty.
  returned: success
  type: dict
certificate:
  description: Of app_tls.platform, the hosts' certificate (crt) and its key, in PEM; else empty.
  returned: when manifests are rendered
  type: dict
credentials:
  description: Of the database, the password, the root_password, the key of their checksum, and the checksum.
  returned: success
  type: dict
images:
  description: The images of this checkout, as M(fastapi_mysql.k8s.publish_images) describes them.
  returned: success
  type: list
  elements: dict
references:
  description: The image to deploy for each name, by digest; by its content's tag where it is yet to be built.
  returned: success
  type: dict
to_publish:
  description: >-
    The images that this run builds or tags, as M(fastapi_mysql.k8s.publish_images) takes them: those that the registry lacks,
    and those whose human-readable tag names another.
  returned: success
  type: list
  elements: dict
problem:
  description: Why the images could not be looked up, where that is not an error.
  returned: success
  type: str
manifests:
  description: The rendered manifests as text, in the order in which they are applied.
  returned: when they are rendered
  type: list
  elements: str
differs:
  description: Whether anything is to be created, changed, replaced or deleted.
  type: bool
  returned: when a deployment is planned
deploys:
  description: Whether the run deploys, for something differs, or is not up.
  returned: success
  type: bool
interrupted:
  description: Whether nothing differs, but a run that is no more has left its Lease, perhaps before it had verified what it did.
  type: bool
  returned: when a deployment is planned
rolled_out:
  description: Whether the Deployment is as wanted, and all its Pods are the wanted ones and ready.
  type: bool
  returned: when a deployment is planned
pods:
  description: A short list of the Deployment's Pods.
  type: list
  elements: dict
  returned: when a deployment is planned
objects:
  description:
    - What is done with each object, in the order of doing.
    - RV(objects[].action) is C(create), C(change), C(replace) (written as a whole, because somebody changed it by hand), C(delete) or C(left).
  type: list
  elements: dict
  returned: when a deployment is planned
  contains:
    action: {description: What is done., type: str}
    api_version: {description: Its group and version., type: str}
    kind: {description: Its kind., type: str}
    namespace: {description: Its namespace., type: str}
    name: {description: Its name., type: str}
    fields: {description: "Of each field that changes its path, and its value before and after; those of a Secret are hidden.", type: list, elements: dict}
    notes: {description: What else is to be known., type: list, elements: str}
to_apply:
  description: The manifests that a server-side apply would bring about.
  type: list
  elements: dict
  returned: when a deployment is planned
to_replace:
  description:
    - The objects as they should be, where others changed what an apply would not undo, or where an apply through the official client fails
      (a text with characters beyond 16 bits, such as emoji).
  type: list
  elements: dict
  returned: when a deployment is planned
to_delete:
  description: The objects to delete, by kind, name and uid.
  type: list
  elements: dict
  returned: when a deployment is planned
verified:
  description: What the endpoints have answered, as C(verify_found), where all of it is right; else empty.
  type: dict
  returned: success
evidenced:
  description: Whether the newest evidence is still true.
  type: bool
  returned: when a deployment is planned
"""
