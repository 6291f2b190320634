"""Check one target's rendered manifests by schema and against what was asked for.

The folder is the argument, what was asked for comes as JSON on standard input.
"""

from __future__ import annotations

import base64
import json
import re
import stat
import sys
from pathlib import Path
from typing import Any

import check_routes
import kubernetes_validate
import yaml
from kubernetes_validate.utils import all_versions
from pod_security import baseline, restricted

FILES = {
    "my-secret-eval.yml": 0o600,
    "my-deployment-eval.yml": 0o640,
    "my-service-eval.yml": 0o640,
    "my-ingress-eval.yml": 0o640,
}
LABELS = {f"app.kubernetes.io/{key}" for key in ("name", "instance", "component", "part-of", "managed-by")}
# What tells our objects from those of others.
MARK = "fastapi-mysql-k8s/target"
PROBLEMS: list[str] = []


def expect(got: object, wanted: object, what: str) -> None:
    """Note a difference, without showing it when it may be a password."""
    if got != wanted:
        secret = "password" in what
        PROBLEMS.append(f"{what} is wrong" if secret else f"{what} is {got!r}, not {wanted!r}")


def unescaped(text: str) -> str:
    """What Kubernetes makes of the value of an environment variable."""
    references = re.sub(r"\$\$", "", text)
    expect("$(" in references, False, f"a reference in {text}")
    return text.replace("$$", "$")


def check_files(folder: Path, asked: dict[str, Any]) -> None:
    """Modes, comments, and no password in clear anywhere."""
    expect(stat.S_IMODE(folder.stat().st_mode), 0o700, "the folder's mode")
    expect(sorted(path.name for path in folder.iterdir()), sorted(FILES), "the list of files")
    for name, mode in FILES.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        expect(stat.S_IMODE(path.stat().st_mode), mode, f"{name}: its mode")
        expect(len(text.splitlines()) > 10 and text.startswith("# "), True, f"{name}: begins with a comment")
        for password in (asked["password"], asked["root_password"], *asked["secrets"].values()):
            spellings = {password, json.dumps(password), json.dumps(password, ensure_ascii=False)}
            expect(any(item in text for item in spellings), False, f"{name}: free of a password in clear")


def check_schema(document: dict[str, Any]) -> None:
    """The oldest and the newest Kubernetes that the schemas know, strictly: no unknown field."""
    if document["kind"] == "HTTPRoute":
        # The Gateway API's own, which no release of Kubernetes has.
        return
    if document["apiVersion"] == "policy/v1beta1":
        # Older than the oldest of them; what a budget says here, it says in both.
        document = document | {"apiVersion": "policy/v1"}
    versions = all_versions()
    for version in (versions[0], versions[-1]):
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            PROBLEMS.append(f"{document['kind']} is not valid for Kubernetes {version}: {error.message}")


def check_secret(secret: dict[str, Any], asked: dict[str, Any]) -> None:
    """The passwords as given, in `data`."""
    decoded = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    expect(secret["metadata"]["name"], asked["secret_name"], "the Secret's name")
    # Without a database there is nobody to log in at.
    password, root_password = (asked[name] if asked["db_image"] else "" for name in ("password", "root_password"))
    expect(decoded.get("MYSQL_PASSWORD", ""), password, "the password")
    expect(decoded.get("MYSQL_ROOT_PASSWORD", ""), root_password, "the root password")
    expect(decoded.get("CHECKSUM_KEY", ""), asked["checksum_key"], "the checksum's key, which is a password, too")
    own = asked["secrets"] | {file["key"]: file["content"] for file in asked["secret_files"]}
    for name, value in own.items():
        expect(decoded[name], value, f"the application's secret {name}, which is like a password,")
    expect("stringData" in secret, False, "the presence of stringData")


def check_deployment(deployment: dict[str, Any], asked: dict[str, Any]) -> None:
    """Replicas, images, environment, probes, and how hard the containers are."""
    spec = deployment["spec"]
    # Whoever scales would meet ours again at every run.
    expect(spec.get("replicas"), None if asked["autoscale"] else int(asked["replicas"]), "replicas")
    expect(spec["strategy"]["rollingUpdate"], {"maxUnavailable": 0, "maxSurge": 1}, "the strategy")
    labels = spec["template"]["metadata"]["labels"]
    expect(spec["selector"]["matchLabels"].items() <= labels.items(), True, "that the selector selects the Pods")
    annotations = spec["template"]["metadata"].get("annotations") or {}
    checksum = annotations.get("fastapi-mysql-k8s/credentials-checksum", "")
    expect(checksum, asked["checksum"], "the checksum, without which nothing rolls the Pods")
    pod = spec["template"]["spec"]
    expect(pod["automountServiceAccountToken"], False, "automountServiceAccountToken")
    expect([item["name"] for item in pod.get("imagePullSecrets", [])], asked["pull_secrets"], "the pull secrets")
    expect(pod["enableServiceLinks"], False, "enableServiceLinks")
    check_pod_security(pod, asked)
    check_ids(pod, asked)
    check_rolling(pod, asked, spec["selector"])
    # Kubernetes itself gives up after 600 s.
    longest = max(map(patience, pod["containers"]))
    expect(spec.get("progressDeadlineSeconds", 600) > longest, True, f"that a start of {longest} s is progress")
    volumes = {item["name"] for item in pod.get("volumes", [])}
    mounts = {mount["name"] for item in pod["containers"] for mount in item.get("volumeMounts", [])}
    expect(volumes, mounts, "the set of volumes")
    containers = {item["name"]: item for item in pod["containers"]}
    expect(set(containers), {"api", "mysql"} if asked["db_image"] else {"api"}, "the set of containers")
    check_api(containers["api"], asked)
    if asked["db_image"]:
        check_database(containers["mysql"], asked)


def slept(container: dict[str, Any]) -> int:
    """How long a container waits before it is told to end; 0 without a hook."""
    command = ((container.get("lifecycle") or {}).get("preStop") or {}).get("exec", {}).get("command") or ["sleep", "0"]
    expect(command[0], "sleep", f"{container['name']}: what it does before it ends")
    return int(command[1])


def patience(container: dict[str, Any]) -> int:
    """How long a container may take to start."""
    return int(container["startupProbe"]["periodSeconds"]) * int(container["startupProbe"]["failureThreshold"])


def check_rolling(pod: dict[str, Any], asked: dict[str, Any], selector: dict[str, Any]) -> None:
    """What a Pod needs so that users notice neither its coming nor its going."""
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    expect(pod["topologySpreadConstraints"], [spread | {"labelSelector": selector}], "the spread over nodes")
    drain = int(asked["drain"])
    for container in pod["containers"]:
        name, sleep = container["name"], slept(container)
        expect("lifecycle" in container, drain > 0, f"{name}: the presence of a preStop")
        # The database outlives the API: its last requests still want their answers.
        least = drain if name == "api" else drain + bool(drain)
        expect(sleep == drain if name == "api" else sleep >= least, True, f"{name}: that it sleeps {least} s")
        grace = pod["terminationGracePeriodSeconds"]
        expect(
            grace >= sleep + 10, True, f"{name}: that {grace} s of grace outlast its {sleep} s and its last requests"
        )
        wanted = (int(asked["api_startup"]) if name == "api" else 0) or int(asked["startup"])
        expect(patience(container), wanted, f"{name}: how long it may take to start")
        expect(container["resources"], asked["resources"][name], f"{name}: its requests and limits")


def check_pod_security(pod: dict[str, Any], asked: dict[str, Any]) -> None:
    """The standard's own list: all of `restricted`, and of images that cannot, all of `baseline`."""
    hardened = asked["api_hardened"] and (asked["db_hardened"] or not asked["db_image"])
    PROBLEMS.extend(f"Pod Security: {fault}" for fault in (restricted(pod) if hardened else baseline(pod)))
    # Else the check above could not fail.
    expect(bool(restricted(pod)), not hardened, "that an image that cannot be restricted is seen")
    for container in pod["containers"]:
        own = container.get("securityContext") or {}
        hard = asked["api_hardened" if container["name"] == "api" else "db_hardened"]
        expect(own.get("readOnlyRootFilesystem", False), hard, f"{container['name']}: its root is read-only")
        expect(set(container["resources"]["requests"]) >= {"cpu", "memory"}, True, f"{container['name']}: requests")
        expect(set(container["resources"]["limits"]) >= {"memory"}, True, f"{container['name']}: limits")
    others = [item["name"] for item in pod.get("volumes", []) if "emptyDir" not in item]
    wanted = [name for name, given in (("secret-files", "secret_files"), ("files", "files")) if asked[given]]
    wanted += sorted(name for name, volume in asked["volumes"].items() if "claim" in volume)
    expect(others, wanted, "the list of other volumes")
    empty = [item for item in pod.get("volumes", []) if "emptyDir" in item]
    unlimited = [item["name"] for item in empty if not item["emptyDir"].get("sizeLimit")]
    expect(unlimited, [], "the list of volumes without a limit")


def check_ids(pod: dict[str, Any], asked: dict[str, Any]) -> None:
    """The users and groups that are asked for: none where the cluster assigns them."""
    contexts = [pod["securityContext"], *(one.get("securityContext") or {} for one in pod["containers"])]
    ids = {one[key] for one in contexts for key in ("runAsUser", "runAsGroup", "fsGroup") if key in one}
    wanted = {10001} if asked["api_hardened"] else set()
    wanted |= {10002} if asked["db_image"] and asked["db_hardened"] else set()
    expect(ids, set() if asked["ids_assigned"] else wanted, "the set of users and groups")


def check_network(policy: dict[str, Any], asked: dict[str, Any], labels: dict[str, str]) -> None:
    """In to the API's port from those who are named, out to what is named."""
    spec = policy["spec"]
    expect(spec["podSelector"]["matchLabels"].items() <= labels.items(), True, "that the policy selects the Pods")
    expect(spec["policyTypes"], ["Ingress", "Egress"], "the policy's types")
    wanted = [{"from": asked["network_from"], "ports": [{"port": int(asked["api_port"]), "protocol": "TCP"}]}]
    expect(spec["ingress"], wanted, "what the policy lets in")
    expect(spec["egress"], asked["network_to"], "what the policy lets out")


def check_api(api: dict[str, Any], asked: dict[str, Any]) -> None:
    """The API's container."""
    expect(api["image"], asked["api_image"], "the API's image")
    expect(api["ports"][0]["containerPort"], int(asked["api_port"]), "the API's port")
    expect(api["readinessProbe"]["httpGet"]["path"], asked["readiness"], "the readiness path")
    expect(api["livenessProbe"]["httpGet"]["path"], asked["liveness"], "the liveness path")
    # Not readiness: a start waits for nobody else, and then the database is asked by the probe that may fail.
    expect(api["startupProbe"]["httpGet"]["path"], asked["liveness"], "the path that tells that the API has started")
    headers = [{"name": "Host", "value": asked["requested_host"]}] if asked["requested_host"] else None
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        expect(api[probe]["httpGet"].get("httpHeaders"), headers, f"{probe}: the name that it requests")
    expect("securityContext" in api, asked["api_hardened"], "hardening of the API")
    env = {item["name"]: unescaped(item["value"]) for item in api["env"] if "value" in item}
    own = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in asked["api_environment"].items()
    }
    own.setdefault("API_PORT", str(asked["api_port"]))
    if asked["db_image"]:
        own |= {"MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": "3306"}
        own |= {"MYSQL_USER": asked["db_user"], "MYSQL_DATABASE": asked["db_name"]}
    expect(env, own, "the API's environment")
    sources = {item["name"]: item["valueFrom"] for item in api["env"] if "valueFrom" in item}
    keys = {name: source["secretKeyRef"] for name, source in sources.items() if "secretKeyRef" in source}
    fields = {name: source["fieldRef"]["fieldPath"] for name, source in sources.items() if "fieldRef" in source}
    expect(fields, asked["pod_environment"], "what it knows of its Pod")
    wanted = set(asked["secrets"]) | ({"MYSQL_PASSWORD"} if asked["db_image"] else set())
    for field in ("command", "args"):
        given = [unescaped(word) for word in api[field]] if field in api else []
        expect(given, [str(word) for word in asked[field]], f"its {field}")
    others = [one["secretRef"]["name"] for one in api.get("envFrom", [])]
    expect(others, asked["secrets_from"], "the Secrets of others")
    mounted = {one["mountPath"]: one["subPath"] for one in api.get("volumeMounts", []) if one["name"] == "secret-files"}
    expect(mounted, {file["path"]: file["key"] for file in asked["secret_files"]}, "the secret files")
    at = [one["mountPath"] for one in api.get("volumeMounts", [])]
    expect(len(at), len(set(at)), "that nothing is mounted twice")
    mounts = {one["name"]: (one["mountPath"], one.get("readOnly", False)) for one in api.get("volumeMounts", [])}
    own = {name: (one["path"], one.get("read_only", False)) for name, one in asked["volumes"].items()}
    expect(own.items() <= mounts.items(), True, "that its volumes are mounted")
    expect("/tmp" in at, asked["api_hardened"] or "/tmp" in [path for path, _ in own.values()], "a writable /tmp")
    expect(keys, {name: {"name": asked["secret_name"], "key": name} for name in wanted}, "what it gets from the Secret")


def check_files_of_pods(found: dict[str, Any], pod: dict[str, Any], asked: dict[str, Any]) -> None:
    """Each file as it was given, at its path and nowhere else, for reading."""
    volumes = {item["name"]: item for item in pod.get("volumes", [])}
    expect(volumes["files"]["configMap"]["name"], found["metadata"]["name"], "the ConfigMap that is mounted")
    mounts = [one for one in pod["containers"][0]["volumeMounts"] if one["name"] == "files"]
    expect([one["readOnly"] for one in mounts], [True] * len(mounts), "that files are for reading")
    known = found["data"] | {key: base64.b64decode(text).decode() for key, text in found.get("binaryData", {}).items()}
    expect({one["mountPath"]: known.get(one["subPath"]) for one in mounts}, asked["files"], "the files' contents")
    expect(len(known), len(asked["files"]), "the number of files")
    # Else the official client, whose escapes the server does not read, could not apply it.
    expect(max(json.dumps(found, ensure_ascii=False)) <= "\uffff", True, "that an apply carries all characters")


def check_autoscaler(scaler: dict[str, Any], asked: dict[str, Any]) -> None:
    """What it scales, between which numbers, by which load."""
    wanted = {key: int(value) for key, value in asked["autoscale"].items()}
    spec = scaler["spec"]
    expect(scaler["apiVersion"], asked["autoscaler_api"], "the autoscaler's version")
    expect(spec["scaleTargetRef"], {"apiVersion": "apps/v1", "kind": "Deployment", "name": asked["name"]}, "its target")
    expect((spec["minReplicas"], spec["maxReplicas"]), (wanted["min"], wanted["max"]), "how many Pods it keeps")
    load = spec.get("targetCPUUtilizationPercentage")
    if asked["autoscaler_api"] != "autoscaling/v1":
        load = spec["metrics"][0]["resource"]["target"]["averageUtilization"]
    expect(load, wanted["cpu"], "the load at which it scales")


def check_database(mysql: dict[str, Any], asked: dict[str, Any]) -> None:
    """The database's container."""
    expect(mysql["image"], asked["db_image"], "the database's image")
    expect("securityContext" in mysql, asked["db_hardened"], "hardening of the database")
    paths = {mount["mountPath"] for mount in mysql.get("volumeMounts", [])}
    expect("/var/lib/mysql" in paths, asked["db_hardened"], "that a volume holds the data")
    root = asked["db_user"] == "root"
    names = {item["name"] for item in mysql["env"]}
    account = set() if root else {"MYSQL_USER", "MYSQL_PASSWORD"}
    expect(names, {"MYSQL_TCP_PORT", "MYSQL_ROOT_PASSWORD", "MYSQL_DATABASE"} | account, "the database's environment")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        command = mysql[probe]["exec"]["command"]
        expect(command[-2:], [asked["db_user"], asked["db_name"]], f"{probe}: its account and database")
        variable = "MYSQL_ROOT_PASSWORD" if root else "MYSQL_PASSWORD"
        expect(f'MYSQL_PWD="${variable}"' in command[2], True, f"{probe}: logs in")


def main() -> int:
    """Check everything, then tell all problems at once."""
    folder = Path(sys.argv[1])
    asked = json.load(sys.stdin)
    check_files(folder, asked)
    documents = [item for name in FILES for item in yaml.safe_load_all((folder / name).read_text()) if item]
    kinds = ["Namespace"] * asked["create_namespace"] + [
        "Secret",
        *["Secret"] * bool(asked["certificate"]),
        *["ConfigMap"] * bool(asked["files"]),
        "Deployment",
        "PodDisruptionBudget",
        *["HorizontalPodAutoscaler"] * bool(asked["autoscale"]),
        *["NetworkPolicy"] * asked["network_policy"],
        "Service",
        *check_routes.kinds(asked),
    ]
    expect([item["kind"] for item in documents], kinds, "the list of kinds")
    # Of Secrets, the target's own comes first.
    objects = {item["kind"]: item for item in reversed(documents)}
    for document in documents:
        check_schema(document)
        labels = {key for key in document["metadata"]["labels"] if not key.startswith("pod-security.kubernetes.io/")}
        expect(labels, LABELS | {MARK}, f"the labels of the {document['kind']}")
        expect(document["metadata"]["labels"][MARK], asked["name"], f"the mark of the {document['kind']}")
        if document["kind"] != "Namespace":
            expect(document["metadata"]["namespace"], asked["namespace"], f"{document['kind']}: its namespace")
    check_secret(objects["Secret"], asked)
    check_deployment(objects["Deployment"], asked)
    if asked["files"]:
        check_files_of_pods(objects["ConfigMap"], objects["Deployment"]["spec"]["template"]["spec"], asked)
    if asked["autoscale"]:
        check_autoscaler(objects["HorizontalPodAutoscaler"], asked)
    budget, deployment = objects["PodDisruptionBudget"]["spec"], objects["Deployment"]["spec"]
    expect(budget["selector"], deployment["selector"], "the budget's selector")
    expect(budget["maxUnavailable"], 1, "the budget")
    expect(objects["PodDisruptionBudget"]["apiVersion"], asked["policy_api"], "the budget's version")
    if asked["network_policy"]:
        check_network(objects["NetworkPolicy"], asked, deployment["template"]["metadata"]["labels"])
    if asked["create_namespace"]:
        for mode in ("enforce", "warn", "audit"):
            level = objects["Namespace"]["metadata"]["labels"].get(f"pod-security.kubernetes.io/{mode}", "")
            expect(level, asked["pod_security"], f"the namespace's Pod Security Standard ({mode})")
    PROBLEMS.extend(check_routes.problems(documents, asked))
    for problem in PROBLEMS:
        print(f"{folder.name}: {problem}", file=sys.stderr)
    return 1 if PROBLEMS else 0


if __name__ == "__main__":
    sys.exit(main())
