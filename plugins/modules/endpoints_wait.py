"""Documentation of the action plugin of the same name."""

DOCUMENTATION = r"""
module: endpoints_wait
short_description: Wait until endpoints answer as expected, through the Ingress and from each Pod
description:
  - Asks each endpoint on the controller, over one connection, until all answers are right or the time is up.
  - With O(name), it also asks each Pod of the Deployment, by way of the API server, and so from anywhere. The Service must lead to exactly the
    Pods of the current version, all of them must give the same answers, and the Ingress must give these, too. A page of HTML is not compared,
    for the API server rewrites its links.
  - A cluster that cannot be reached, or does not let us ask its Pods, is told in RV(unasked), and is no error.
  - What carries more than a GET (a method, headers, a body, what an earlier response gave) reaches a Pod by a port that is forwarded, for
    which the account needs the right to C(create) and C(get) C(pods/portforward). Without it, the Pods are not asked for that, which is told
    in RV(spared).
  - Requests that change something are sent once, through the Ingress, when all else is right. A login that is refused is not tried again.
  - Neither what is sent nor what is saved of a response is in what is returned or printed.
  - Fails with one line that names URL or Pod, expected and given answer, and what to do. In check mode it asks nobody.
options:
  endpoints:
    description: The endpoints, as the role C(verify) describes them.
    type: list
    elements: dict
    required: true
  timeout:
    description: Seconds until a wrong answer is an error.
    type: int
    default: 12
  settled_at:
    description: When the Ingress has forgotten the Pods of the version before, in seconds since 1970. Where all answers are right sooner, all is
      asked once more then.
    type: float
    default: 0
  outage_ended:
    description: When the last outage of the API server was over that was met on the way, in seconds since 1970; 0 for none. An Ingress that leads
      elsewhere, while the Pods themselves respond as they should, is given until 90 s after it to catch up.
    type: float
    default: 0
  name:
    description: The Deployment and the Service of the same name; empty to ask no Pods.
    type: str
    default: ""
  namespace:
    description: Their namespace.
    type: str
    default: ""
  pods:
    description: The Pods as far as the caller knows them; only returned, when the cluster is not asked.
    type: list
    elements: dict
    default: []
  report:
    description: Whether to print URL, Pods and answers.
    type: bool
    default: false
  asked:
    description: What this action returned earlier in the same run; then nobody is asked again, and that is told.
    type: dict
    default: {}
extends_documentation_fragment:
  - fastapi_mysql.k8s.cluster
  - fastapi_mysql.k8s.users
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
  description: Name, method, URL and answer of each endpoint; long bodies are cut, secrets hidden. Whether it is right is empty where it was
    not requested. Empty in check mode.
  type: list
  elements: dict
  returned: always
  sample:
    - name: the API runs
      method: GET
      path: /status
      url: http://127.0.0.1:8080/status
      answer: 200 1
      right: "yes"
      seconds: "0.004"
replicas:
  description: Each Pod that was asked, how many answers it gave, and how many were right.
  type: list
  elements: dict
  returned: always
  sample: [{pod: fastapi-mysql-5d9c-x2x4z, right: "6", asked: "6"}]
pods:
  description: The Deployment's Pods, each with its name, ready containers, node, restarts and start.
  type: list
  elements: dict
  returned: always
unasked:
  description: Why the Pods were not asked; empty when they were, or were not to be.
  type: str
  returned: always
spared:
  description: At which endpoints the Pods were not asked, and why; empty where they were.
  type: str
  returned: when somebody was asked
warnings:
  description: What users do not feel yet, such as a certificate that expires in less than 14 days.
  type: list
  elements: str
  returned: when somebody was asked
checks:
  description: What was asked; URL, Host header and endpoints, without the values of headers and bodies.
  type: dict
  returned: when all answers are right
cause:
  description: What is wrong, for programs (type) and for people (message, remedy), with the Pod where it is one.
  type: dict
  returned: when users do not get what they should
  sample:
    type: ReplicasDisagree
    message: "at /users Pod fastapi-mysql-5d9c-x2x4z answers 200 [], others 200 [{…}]"
    remedy: Do all Pods have the same image and data? Deleting the odd one makes a new one.
    pod: fastapi-mysql-5d9c-x2x4z
    container: ""
"""
