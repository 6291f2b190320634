"""The Pod Security Standards as Kubernetes publishes them: every control of `baseline` and `restricted`, for one Pod.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ (v1.33); Windows' own fields are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]

_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    )
)
_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_VOLUMES = frozenset(
    ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
)
_PROFILES = ("RuntimeDefault", "Localhost")


def containers(spec: Object) -> list[Object]:
    """Those that run, those that run first, and those for a look inside."""
    return [one for key in ("initContainers", "containers", "ephemeralContainers") for one in spec.get(key) or []]


def contexts(spec: Object) -> Iterator[tuple[str, Object]]:
    """The security context of the Pod and of each container, and whose it is."""
    yield "the Pod", spec.get("securityContext") or {}
    for one in containers(spec):
        yield str(one["name"]), one.get("securityContext") or {}


def baseline(spec: Object) -> list[str]:
    """What `baseline` forbids and the Pod does."""
    found = [f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += [f"volume {one['name']} is of the host" for one in spec.get("volumes") or [] if "hostPath" in one]
    for who, context in contexts(spec):
        selinux = context.get("seLinuxOptions") or {}
        added = set((context.get("capabilities") or {}).get("add") or [])
        checks = {
            "privileged": bool(context.get("privileged")),
            "capabilities beyond the list": not added <= _CAPABILITIES,
            "SELinux options": selinux.get("type", "") not in _SELINUX_TYPES or {"user", "role"} & selinux.keys(),
            "procMount": context.get("procMount", "Default") != "Default",
            "seccomp is off": (context.get("seccompProfile") or {}).get("type") == "Unconfined",
            "AppArmor is off": (context.get("appArmorProfile") or {}).get("type") == "Unconfined",
            "sysctls beyond the list": not {one["name"] for one in context.get("sysctls") or []} <= _SYSCTLS,
        }
        found += [f"{who}: {what}" for what, wrong in checks.items() if wrong]
    for one in containers(spec):
        found += [f"{one['name']}: a port of the host" for port in one.get("ports") or [] if port.get("hostPort")]
        hooks = [one.get(f"{name}Probe") or {} for name in ("startup", "readiness", "liveness")]
        hooks += list((one.get("lifecycle") or {}).values())
        asked = [hook.get(kind) or {} for hook in hooks for kind in ("httpGet", "tcpSocket")]
        found += [f"{one['name']}: a probe of another host" for hook in asked if hook.get("host")]
    return found


def restricted(spec: Object) -> list[str]:
    """What `restricted` forbids, or wants and misses."""
    found = baseline(spec)
    for one in spec.get("volumes") or []:
        found += [f"volume {one['name']} is of no allowed type"] if not one.keys() - {"name"} <= _VOLUMES else []
    whole = spec.get("securityContext") or {}
    for one in containers(spec):
        own = one.get("securityContext") or {}
        both = whole | own
        capabilities = own.get("capabilities") or {}
        checks = {
            "privileges may grow": own.get("allowPrivilegeEscalation") is not False,
            "it may be root": both.get("runAsNonRoot") is not True,
            "it is root": both.get("runAsUser") == 0,
            "no seccomp profile": (both.get("seccompProfile") or {}).get("type") not in _PROFILES,
            "capabilities are kept": "ALL" not in (capabilities.get("drop") or []),
            "capabilities are added": not set(capabilities.get("add") or []) <= {"NET_BIND_SERVICE"},
        }
        found += [f"{one['name']}: {what}" for what, wrong in checks.items() if wrong]
    return found
