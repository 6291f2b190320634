"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: evidence
short_description: Collect and write down what proves a deployment
description:
  - Reads the target's objects from the cluster, asks every endpoint through the Ingress and of each replica (through the API
    server), and asks the registry what the images are made of. From this it makes checks and a verdict.
  - Writes a folder of its own for each time, with C(index.html) (one page that loads nothing), C(evidence.json) (described by
    C(docs/evidence.schema.json)), C(junit.xml), numbered text files, and the rendered manifests with the Secret's values masked.
  - The values of the target's Secret are masked wherever they would be shown.
  - Evidence of a deployment that is not well, or of a run that failed, is written, too; then the task fails. Nothing of the target is changed, so it never
    reports a change. In check mode it does nothing.
options:
  dest:
    description: The folder that each target has a folder in.
    type: path
    required: true
  templates:
    description: The folder of the page's templates.
    type: path
    required: true
  target:
    description: Name of the target, and of its folder.
    type: str
    required: true
  manifests_dir:
    description: The folder of the rendered manifests.
    type: path
    required: true
  source_dir:
    description: The Git repository whose commit is noted.
    type: path
    required: true
  patience:
    description: For how many seconds what is wrong is looked at again; an Ingress controller needs a moment to forget the Pods of the version before.
    type: int
    default: 5
  samples:
    description: How often each endpoint is asked, each way.
    type: int
    default: 7
  inventory:
    description: The inventories of the run, for the commands that make a check again.
    type: list
    elements: str
    default: []
  rollout:
    description: The rollout that has brought about what runs, as C(rollout_wait) tells in its C(timeline); without one, that of
      the newest evidence stands if nothing was deployed since.
    type: dict
    default: {}
  failed_task:
    description: In the rescue of a run, the name of the task that failed.
    type: str
    default: ""
  failed_result:
    description: What that task has returned. The evidence says so, its verdict is V(failed), and the action fails with the same words. A release
      has noted in it, as C(known), what it knew before it undid anything (C(cause), C(message), C(black_box)).
    type: dict
    default: {}
  verified:
    description: What this run has verified, RV(fastapi_mysql.k8s.endpoints_wait#module:answers). Endpoints that are sent once are not requested
      again for evidence, but taken from here; where they are not here, their checks are skipped.
    type: list
    elements: dict
    default: []
  only_new:
    description: Do nothing when the newest evidence is still true of what is wanted, and passed.
    type: bool
    default: false
  registry:
    description: The registry that the credentials are for.
    type: str
    default: ""
  timeout:
    description: Not used; a registry has five seconds to answer.
    type: int
    default: 20
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.deployment
  - fastapi_mysql.k8s.users
  - fastapi_mysql.k8s.registry
author:
  - fastapi-mysql-k8s
"""

EXAMPLES = r"""
- name: Write down what runs
  fastapi_mysql.k8s.evidence:
    dest: evidence
    templates: roles/evidence/templates
    target: local
    name: fastapi-mysql
    namespace: fastapi-mysql
    base_url: http://127.0.0.1:8080
    endpoints: [{path: /status, json: 1}]
    manifests_dir: manifests/local
    source_dir: .
"""

RETURN = r"""
path:
  description: The folder that was written, or that is still true.
  type: str
  returned: when not in check mode
verdict:
  description: V(passed) or V(failed).
  type: str
  returned: when not in check mode
failed_task:
  description: The task that has failed in the run that this is the evidence of.
  type: str
  returned: with O(failed_result)
new:
  description: Whether a folder was written.
  type: bool
  returned: when not in check mode
"""
