"""A variable with a role's prefix that the role does not know is a slip of the pen."""

from __future__ import annotations

from ansible_collections.fastapi_mysql.k8s.plugins.module_utils.role_arguments import describe_unknown, unknown_names


def test_only_names_with_the_prefix_count() -> None:
    given = ["workload_replica", "workload_name", "other_replica", "__workload_x", "workload"]
    assert unknown_names("workload_", given, ["workload_name", "workload_replicas"]) == ["workload_replica"]


def test_the_nearest_name_is_offered() -> None:
    line = describe_unknown("workload", ["workload_replica", "workload_zzz"], ["workload_name", "workload_replicas"])
    assert "variables workload_replica (did you mean workload_replicas?), workload_zzz:" in line
    assert "\n" not in line


def test_one_name_is_singular() -> None:
    assert "does not know the variable workload_qqq:" in describe_unknown("workload", ["workload_qqq"], ["x"])
