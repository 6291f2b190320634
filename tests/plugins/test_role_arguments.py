"""A variable with a role's prefix that the role does not know is a typo."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.target.role_arguments import (
    describe_unknown,
    unknown_names,
    wrong_names,
    wrong_values,
)

ROLES = Path(__file__).resolve().parents[2] / "roles"


def test_only_names_with_the_prefix_count() -> None:
    given = ["workload_replica", "workload_name", "other_replica", "__workload_x", "workload"]
    assert unknown_names("workload_", given, ["workload_name", "workload_replicas"]) == ["workload_replica"]


def test_the_nearest_name_is_offered() -> None:
    line = describe_unknown("workload", ["workload_replica", "workload_zzz"], ["workload_name", "workload_replicas"])
    assert "variables workload_replica (did you mean workload_replicas?), workload_zzz:" in line
    assert "\n" not in line


def test_a_name_of_what_a_target_is_is_offered_under_its_own_prefix() -> None:
    known = ["app_replicas", "app_timeout", "teardown_timeout", "app_take_over"]
    line = describe_unknown("teardown", ["teardown_replica", "teardown_timeouts"], known)
    assert "teardown_replica (did you mean app_replicas?), teardown_timeouts (did you mean teardown_timeout?)" in line


def test_a_former_name_is_refused_with_the_new_one() -> None:
    given = ["local_base_ingress_port", "local_docker_group", "platform_base_pod_range"]
    assert wrong_names(ROLES / "platform_base", given, []) == [
        "local_base_ingress_port is called platform_base_ingress_port now: rename it"
    ]


def test_one_name_is_singular() -> None:
    assert "does not know the variable workload_qqq:" in describe_unknown("workload", ["workload_qqq"], ["x"])


def test_values_are_held_to_the_types_of_the_specification(tmp_path: Path) -> None:
    (tmp_path / "thing" / "meta").mkdir(parents=True)
    (tmp_path / "thing" / "meta" / "argument_specs.yml").write_text(
        """
argument_specs:
  main:
    options:
      thing_count: {type: int}
      thing_state: {type: str, choices: [here, gone]}
      thing_name: {type: str}
      thing_parts: {type: list, elements: dict, options: {size: {type: int, required: true}}}
""",
        encoding="utf-8",
    )

    def wrong(**given: object) -> list[str]:
        return wrong_values(tmp_path / "thing", given)

    assert wrong(thing_count="3", thing_state="here", thing_name=1, thing_parts=[{"size": 1}]) == []
    assert "thing_count" in wrong(thing_count="three")[0]
    assert "thing_state" in wrong(thing_state="lost")[0]
    assert "size" in wrong(thing_parts=[{}])[0]
