"""What to do about each cause, for people; and what the words of registries and nodes mean."""

from __future__ import annotations

import re

# What keeps an image from being pulled, by words in the message; the first that fits counts.
# The last value says whether the answer is final.
PULLS: tuple[tuple[str, str, str, bool], ...] = (
    (
        r"toomanyrequests|429 too many",
        "the registry limits the rate of pulls",
        "Log in (app_image_pull_secrets), or wait and run again.",
        False,
    ),
    (
        r"unauthorized|denied|forbidden|no basic auth|authorization failed",
        "the registry refuses it",
        "Name a Secret with a login that may read the image in app_image_pull_secrets, and check the image's name.",
        True,
    ),
    (
        r"server gave http response to https client",
        "the registry speaks no TLS, and the cluster was not told so",
        "Give the registry a certificate, or name it as insecure in the configuration of the cluster's nodes.",
        True,
    ),
    (
        r"x509|certificate",
        "the nodes do not trust the registry's certificate",
        "Give the authority's certificate to the cluster's nodes.",
        True,
    ),
    (
        r"no match for platform|no matching manifest",
        "the image is not made for the nodes' processors",
        "Build it for them: image_platforms.",
        True,
    ),
    (
        r"not found|manifest unknown|name unknown|does not exist",
        "the registry does not have it",
        "Correct the image's name or tag, or push it (ansible-playbook site.yml --tags build).",
        True,
    ),
    (r"no space left", "a node's disk is full", "Make room on the node.", False),
    (
        r"refused|timeout|timed out|no such host|no route|unreachable|reset by peer|eof|dial tcp|deadline|"
        r"server error|bad gateway|unavailable",
        "the nodes cannot reach the registry",
        "Start the registry, or fix the way from the cluster's nodes to it (127.0.0.1 is the node itself there).",
        False,
    ),
)

# What keeps a container from being started, by words in the message.
STARTS: tuple[tuple[str, str], ...] = (
    (
        r"run as root|runasnonroot|non-numeric user",
        "The image wants to run as root: app_api_hardened (or app_db_hardened): false.",
    ),
    (
        r"not a directory",
        "A path of app_files, app_secret_files or app_volumes is a folder of the image where a file is to be, or the "
        "other way round: choose another path.",
    ),
    (r"exec format error", "The image is made for another processor: build it with image_platforms."),
    (r"permission denied", "The program may not be executed: check its mode in the image."),
    (r"executable file not found|no such file", "The program is not in the image: correct its ENTRYPOINT or CMD."),
)

REMEDIES = {
    "Paused": "kubectl rollout resume, or find out who paused it.",
    "QuotaExceeded": "Raise the namespace's quota, or request less: app_replicas, app_api_resources, app_db_resources.",
    "AdmissionRefused": "Change what the rule objects to, or the rule.",
    "ServiceAccountMissing": "Make the service account, or wait until the cluster has made it.",
    "VolumeNotBound": "Make the claim, or correct app_volumes: kubectl describe persistentvolumeclaim.",
    "Unschedulable": "Ask for less (app_replicas, app_api_resources, app_db_resources),"
    " or give the cluster more nodes.",
    "Evicted": "Make room on the nodes, or set requests and limits that are met: app_api_resources,"
    " app_db_resources, app_volumes, workload_db_data_size.",
    "ImageNameInvalid": "Correct app_api_image or app_db_image.",
    "SecretMissing": "Make it: ansible-playbook site.yml --tags deploy.",
    "SecretKeyMissing": "Add the key: ansible-playbook site.yml --tags deploy.",
    "ConfigMapMissing": "Make the ConfigMap that the Pod names.",
    "OutOfMemory": "Give it more memory: limits in app_api_resources or app_db_resources.",
    "CredentialsRefused": "Check app_db_user and app_db_password, and that Secret and database agree on them: "
    "ansible-playbook site.yml --tags deploy puts the Secret right.",
    "ListensOnLoopback": "Let it listen on 0.0.0.0, at app_api_port (uvicorn --host 0.0.0.0, flask run -h 0.0.0.0).",
    "ContainerExited": "Its log says why; see its command, its environment (app_api_environment) and its files.",
    "CrashLoop": "Its log says why.",
    "ProbeNeverPasses": "Does the path answer on app_api_port (app_api_readiness_path, app_api_liveness_path)? "
    "A start that takes longer needs a larger app_startup_seconds (of a database, workload_startup_seconds).",
    "CannotStartPod": "See the node: kubectl describe pod.",
    "MigrationFailed": "Correct it (app_migrate_command), and run again: it is run once more.",
    "DeadlineExceeded": "Raise app_rollout_timeout if it only needs longer.",
}


SHARED_VOLUME = (
    "A volume of app_volumes can be on one node at a time, and other Pods have it on another: take a claim that is for "
    "many (ReadWriteMany)."
)


def pull_cause(message: str) -> tuple[str, str, bool]:
    """What the words of a failed pull mean, what to do, and whether another attempt would be told the same."""
    text = message.lower()
    for pattern, meaning, remedy, final in PULLS:
        if re.search(pattern, text):
            return meaning, remedy, final
    return "the message says why", "See the message; can the cluster's nodes reach the registry?", False


# What every layer puts before the words of the one below it.
_WRAPPING = re.compile(
    r'Failed to pull image "[^"]*": |rpc error: code = \w+ desc = |'
    r'failed to (?:pull and unpack image|resolve reference|resolve image|fetch|copy|do request)(?: "[^"]*")?: '
)


def pith(message: str) -> str:
    """The words of the one that knows, without those of the ones that only hand them on."""
    return _WRAPPING.sub("", message)


def start_remedy(message: str) -> str:
    """What to do when a node cannot start a container."""
    text = message.lower()
    return next((remedy for pattern, remedy in STARTS if re.search(pattern, text)), "The message says why.")


# How programs word it that a database (MySQL, PostgreSQL) refuses their login.
LOGIN_REFUSED = re.compile(r"access denied for user[^\n]*|password authentication failed for user[^\n]*", re.IGNORECASE)
OUT_OF_MEMORY = re.compile(r"oom-killed|memory limit too low|out of memory|cannot allocate memory", re.IGNORECASE)
