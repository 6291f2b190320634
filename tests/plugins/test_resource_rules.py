"""What Kubernetes would refuse of requests and limits is refused before it is asked, and what it takes is taken."""

from __future__ import annotations

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.quantities import quantity
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.resource_rules import resources


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "must have requests and limits"),
        ([], "must have requests and limits"),
        ("1Gi", "must have requests and limits"),
        ({"cpu": "1"}, "must have requests and limits"),
        ({"requests": {}, "limit": {}}, "must have requests and limits"),
        ({"requests": None}, ".requests must map"),
        ({"limits": ["cpu"]}, ".limits must map"),
        ({"limits": {"memory": "1 Gi"}}, ".limits.memory is '1 Gi'"),
        ({"limits": {"memory": "1GB"}}, ".limits.memory is '1GB'"),
        ({"limits": {"memory": "256mi"}}, ".limits.memory is '256mi'"),
        ({"limits": {"memory": ""}}, ".limits.memory is ''"),
        ({"limits": {"memory": None}}, ".limits.memory is ''"),
        ({"limits": {"memory": True}}, ".limits.memory is 'True'"),
        ({"limits": {"memory": "-1Gi"}}, ".limits.memory is '-1Gi'"),
        ({"limits": {"memory": "１Gi"}}, ".limits.memory is"),
        ({"limits": {"memory": "128m"}}, "no whole number: write it such as 256Mi"),
        ({"requests": {"cpu": -0.5}}, ".requests.cpu is '-0.5': it must be a quantity such as 500m or 2"),
        ({"requests": {"cpu": ["1"]}}, ".requests.cpu is"),
        ({"requests": {"cpus": "1"}}, ".requests names cpus, which no container has"),
        ({"requests": {1: "1"}}, ".requests names 1"),
        ({"limits": {"kubernetes.io/gpu": 1}}, "names kubernetes.io/gpu"),
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "512Mi"}}, "1Gi, above its limit of 512Mi"),
        ({"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}, ".requests.cpu is 2, above its limit of 1500m"),
        ({"requests": {"nvidia.com/gpu": 1}}, "wants a limit that is the same"),
        ({"requests": {"hugepages-2Mi": "4Mi"}, "limits": {"hugepages-2Mi": "8Mi"}}, "a limit that is the same"),
    ],
)
def test_what_is_refused(value: object, said: str) -> None:
    problem = resources("api_resources", value)
    assert problem is not None
    assert problem.startswith("app_api_resources")
    assert said in problem


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"requests": {}, "limits": {}},
        {"requests": {"cpu": 0.5, "memory": 134217728}},
        {"requests": {"cpu": "0", "memory": "1e3"}, "limits": {"memory": "1k"}},
        {"requests": {"cpu": "1000m"}, "limits": {"cpu": 1}},
        {"requests": {"memory": "1Gi", "ephemeral-storage": "1.5Gi"}, "limits": {"memory": "1.0Gi"}},
        {"limits": {"nvidia.com/gpu": 1, "hugepages-2Mi": "4Mi"}},
    ],
)
def test_what_is_taken(value: object) -> None:
    assert resources("api_resources", value) is None


def test_quantities_come_to_what_kubernetes_makes_of_them() -> None:
    found = [quantity(one) for one in ("100m", "1Ki", "1k", ".5", "5.", "1E", "1E3", "1e-3", "+2", 7)]
    assert found == [quantity(one) for one in ("0.1", 1024, 1000, 0.5, 5, "1000P", 1000, "1m", 2, "7")]
    assert [quantity(one) for one in ("", "m", ".", "1e", "0x1", "1kk", True, None, {}, "1\n")] == [None] * 10
