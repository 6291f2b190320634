"""What is removed is what was to go: no namespace in which anything lives, and nothing while a run is at work."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playbook_runner import kubectl
from surroundings import Cluster

from conftest import Deployed, NewTarget

NAME = "fastapi-mysql"


def test_a_namespace_stays_for_whoever_lives_in_it(
    deployed: Deployed, new_target: NewTarget, cluster: Cluster, tmp_path: Path
) -> None:
    images = cluster.images(deployed.target.namespace, NAME)
    target = new_target("removal", app_replicas=1, app_api_image=images["api"], app_db_image=images["mysql"])
    space, account = target.namespace, {"deployer_dest": str(tmp_path / "kubeconfig")}
    target.playbook("playbooks/deployer.yml", **account).succeeded()
    target.playbook("playbooks/deploy.yml").succeeded()
    pods = cluster.pods(space)

    # The account goes, and the application that runs goes on.
    gone = target.playbook("playbooks/deployer.yml", **account, deployer_state="absent").succeeded()
    assert f"The namespace {space} stays: it holds Deployment {NAME}" in gone.output
    assert cluster.pods(space) == pods
    assert f"{NAME}-deployer" not in kubectl("get", f"--namespace={space}", "serviceaccounts", "--output=name")

    # Somebody else is at work.
    spec = {"holderIdentity": "a run elsewhere", "leaseDurationSeconds": 600}
    spec |= {"renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": f"{NAME}-release"}}
    cluster.create(f"/apis/coordination.k8s.io/v1/namespaces/{space}/leases", lease | {"spec": spec})
    for name in ("playbooks/teardown.yml", "playbooks/deployer.yml"):
        refused = target.playbook(name, **account, deployer_state="absent")
        assert "a run elsewhere" in refused.errors[-1]
        assert cluster.pods(space) == pods
    kubectl("delete", f"--namespace={space}", f"lease/{NAME}-release")

    # Old clusters serve CronJobs in a version of the group that is not the preferred one.
    batch = cluster.oldest("batch")
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "one", "image": images["api"]}]}}
    job = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": template}}}
    cron = {"apiVersion": batch, "kind": "CronJob", "metadata": {"name": "theirs"}, "spec": job}
    cluster.create(f"/apis/{batch}/namespaces/{space}/cronjobs", cron)
    left = target.playbook("playbooks/teardown.yml").succeeded()
    assert f"The namespace {space} stays: it holds CronJob theirs." in left.output
    assert cluster.deployment(space, NAME) is None
    assert "theirs" in kubectl("get", f"--namespace={space}", "cronjobs", "--output=name")
    assert kubectl("get", f"--namespace={space}", "leases", "--output=name") == ""

    kubectl("delete", f"--namespace={space}", "cronjob/theirs")
    target.playbook("playbooks/teardown.yml").succeeded()
    assert space not in cluster.namespaces()


def test_a_namespace_that_was_there_before_is_not_taken_for_ours(
    new_target: NewTarget, cluster: Cluster, tmp_path: Path
) -> None:
    target, account = new_target("given"), {"deployer_dest": str(tmp_path / "kubeconfig")}
    kubectl("create", "namespace", target.namespace)
    kubectl("label", f"namespace/{target.namespace}", "a.example/team=theirs")
    made = [target.playbook("playbooks/deployer.yml", **account).succeeded().changed for _ in range(2)]
    assert made[0] > 0 and made[1] == 0
    target.playbook("playbooks/deployer.yml", **account, deployer_state="absent").succeeded()
    labels = kubectl("get", f"namespace/{target.namespace}", "--output=jsonpath={.metadata.labels}")
    assert "theirs" in labels and "managed-by" not in labels
    kubectl("delete", f"namespace/{target.namespace}")
    assert target.namespace not in cluster.namespaces()
