"""Images that nobody needs: which these are, what goes with them, and what must never go."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.fastapi_mysql.k8s.plugins.action.prune_images import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.kube.client import KubeClient
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.release.used_images import named

from fake_api_server import Reply, serving, status, write_kubeconfig
from fake_registry import FakeRegistry, serve

Object = dict[str, Any]
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
NOW = datetime.now(UTC)
REPOSITORY = "/v2/me/api"


def sha(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def days(old: float) -> str:
    return (NOW - timedelta(days=old)).isoformat()


class Shelf:
    """A repository, and what a test puts into it."""

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry

    def put(self, document: Object, *tags: str, media_type: str = IMAGE) -> str:
        body = json.dumps(document).encode()
        for name in (sha(body), *tags):
            self.registry.manifests[f"{REPOSITORY}/manifests/{name}"] = body
            self.registry.media_types[f"{REPOSITORY}/manifests/{name}"] = media_type
        return sha(body)

    def image(
        self, *tags: str, age: float | None = None, built: str = "1980-01-01T00:00:00Z", sbom: bool = True
    ) -> str:
        """An image that was pushed so many days ago; without, one that tells no time."""
        config = json.dumps({"created": built, "of": [tags, age]}).encode()
        self.registry.manifests[f"{REPOSITORY}/blobs/{sha(config)}"] = config
        self.registry.media_types[f"{REPOSITORY}/blobs/{sha(config)}"] = "application/json"
        digest = self.put({"config": {"digest": sha(config)}, "layers": []}, *tags)
        if age is not None:
            self.attach(digest, {"org.opencontainers.image.created": days(age)})
        return digest

    def attach(self, digest: str, annotations: Object) -> str:
        bill = self.put({"subject": {"digest": digest}, "annotations": annotations})
        self.put({"manifests": [{"digest": bill}]}, digest.replace(":", "-"), media_type=INDEX)
        return bill

    def index(self, *parts: str, tags: tuple[str, ...]) -> str:
        return self.put({"manifests": [{"digest": one} for one in parts]}, *tags, media_type=INDEX)

    def has(self, name: str) -> bool:
        return f"{REPOSITORY}/manifests/{name}" in self.registry.manifests


class Cluster:
    """What runs, in all namespaces or where one may look."""

    def __init__(self) -> None:
        self.items: dict[str, list[Object]] = {}
        self.forbidden: set[str] = set()
        self.everywhere = True
        self.asked: list[str] = []

    def route(self, method: str, path: str, body: Object) -> Reply:
        plain = path.partition("?")[0]
        plural = plain.rpartition("/")[2]
        self.asked.append(urllib.parse.unquote(path))
        if "v1beta1" in plain or plural in ("jobs", "statefulsets"):
            return status(404, "the server could not find the requested resource")
        if plural in self.forbidden or ("/namespaces/" not in plain and not self.everywhere):
            return status(403, f"you may not list {plural}")
        return 200, {"items": self.items.get(plural, [])}

    def run(self, image: str) -> None:
        self.items.setdefault("pods", []).append({"spec": {"containers": [{"name": "api", "image": image}]}})


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serve(FakeRegistry()) as registry:
        yield Shelf(registry)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(autouse=True)
def printed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(Display, "display", lambda _, text, **__: lines.extend(text.splitlines()))
    return lines


@pytest.fixture
def prune(shelf: Shelf, cluster: Cluster, tmp_path: Path) -> Iterator[Any]:
    with serving(cluster.route) as url:
        kubeconfig = write_kubeconfig(tmp_path, url)

        def work(check: bool = False, **other: Any) -> Object:
            arguments = {
                "name": "users",
                "namespace": "n",
                "registry": f"{shelf.registry.host}/me",
                "images": ["api"],
                "wanted": [],
                "keep_days": 30,
                "keep_newest": 0,
                "username": "",
                "password": "",
                "docker_config": str(tmp_path),
                "timeout": 5,
            }
            action = ActionModule.__new__(ActionModule)
            action._task = SimpleNamespace(check_mode=check)
            with KubeClient.from_kubeconfig(kubeconfig, "here") as client:
                return action.work(client, arguments | other)

        yield work


def test_what_nobody_names_and_is_old_goes_with_its_bill_of_materials(
    shelf: Shelf, cluster: Cluster, prune: Any, printed: list[str]
) -> None:
    old = shelf.image("content-old", age=31)
    signed = shelf.put({"layers": [1]}, f"{old.replace(':', '-')}.sig")
    bill = json.loads(shelf.registry.manifests[f"{REPOSITORY}/manifests/{old.replace(':', '-')}"])["manifests"][0]
    young = shelf.image("content-young", age=29)
    result = prune()
    assert result["changed"] is True
    for gone in ("content-old", old, old.replace(":", "-"), bill["digest"], signed):
        assert not shelf.has(gone), gone
    assert shelf.has("content-young") and shelf.has(young) and shelf.has(young.replace(":", "-"))
    assert f"{shelf.registry.host}/me/api: 2 images by their content, 1 to remove" in printed
    assert f"  - content-old  {old[:19]}  31 d old" in printed
    assert prune() == {"changed": False, "removed": []}


def test_check_lists_and_removes_nothing(shelf: Shelf, prune: Any, printed: list[str]) -> None:
    old = shelf.image("content-old", age=99)
    before = dict(shelf.registry.manifests)
    result = prune(check=True)
    assert result["changed"] and f"{shelf.registry.host}/me/api@{old}" in result["removed"]
    assert shelf.registry.manifests == before
    assert not [one for one in shelf.registry.asked if one.startswith("DELETE")]
    assert any("content-old" in line for line in printed)


def test_what_runs_is_kept_whatever_the_registry_is_called_there(shelf: Shelf, cluster: Cluster, prune: Any) -> None:
    one = shelf.image("content-a", age=99)
    shelf.image("content-b", age=99)
    shelf.image("content-c", age=99)
    cluster.run(f"mirror.example.org/other/name@{one}")
    cluster.run(f"{shelf.registry.host}/me/api:content-b")
    cluster.run("::: no reference")
    prune()
    assert [shelf.has(f"content-{name}") for name in "abc"] == [True, True, False]


@pytest.mark.parametrize("kind", ["replicasets", "deployments", "daemonsets", "cronjobs"])
def test_what_could_be_started_again_is_kept(shelf: Shelf, cluster: Cluster, prune: Any, kind: str) -> None:
    one = shelf.image("content-a", age=99)
    inner = {"spec": {"template": {"spec": {"initContainers": [{"image": f"{shelf.registry.host}/me/api@{one}"}]}}}}
    cluster.items[kind] = [{"spec": {"jobTemplate": inner}} if kind == "cronjobs" else inner]
    prune()
    assert shelf.has("content-a")


def test_what_a_kept_revision_names_is_kept_even_of_one_that_is_damaged(
    shelf: Shelf, cluster: Cluster, prune: Any
) -> None:
    names = {letter: shelf.image(f"content-{letter}", age=99) for letter in "abc"}
    objects = [
        {"kind": "Deployment", "metadata": {"name": "users"}, "spec": {"image": f"x.org/me/api@{names['a']}"}},
    ]
    text = json.dumps(objects, sort_keys=True, separators=(",", ":")).encode()
    notes = {"digest": hashlib.sha256(text).hexdigest(), "taken": "", "current-since": "", "by": "", "origin": "found"}
    notes |= {"verified": "true", "before": "0", "images": "{}", "checks": "{}", "own": "true"}
    whole = {
        "metadata": {
            "name": "users-revision-1",
            "annotations": {f"fastapi-mysql-k8s/{k}": v for k, v in notes.items()},
        },
        "data": {"objects": base64.b64encode(gzip.compress(text)).decode()},
    }
    noted = {"fastapi-mysql-k8s/images": json.dumps({"api": f"x.org/me/api@{names['b']}"})}
    damaged = {"metadata": {"name": "users-revision-2", "annotations": noted}, "data": {"objects": "####"}}
    foreign: Object = {"metadata": {"name": "other", "annotations": {"fastapi-mysql-k8s/images": "[1]"}}}
    cluster.items["secrets"] = [whole, damaged, foreign]
    prune()
    assert {letter: shelf.has(f"content-{letter}") for letter in "abc"} == {"a": True, "b": True, "c": False}


def test_what_a_tag_for_people_names_is_kept_and_so_is_the_tag_of_its_content(shelf: Shelf, prune: Any) -> None:
    shelf.image("content-a", "1.0.0", age=99)
    shelf.image("latest", age=99)
    prune()
    assert shelf.has("content-a") and shelf.has("1.0.0") and shelf.has("latest")


def test_two_tags_of_one_image_stay_or_go_together(shelf: Shelf, cluster: Cluster, prune: Any) -> None:
    both = shelf.image("content-a", "content-b", age=99)
    cluster.run(f"{shelf.registry.host}/me/api:content-b")
    prune()
    assert shelf.has("content-a") and shelf.has(both)
    cluster.items.clear()
    prune()
    assert not shelf.has("content-a") and not shelf.has("content-b")


def test_an_index_and_the_images_that_it_lists_stay_or_go_together(shelf: Shelf, cluster: Cluster, prune: Any) -> None:
    amd, arm, shared = (shelf.image(age=age) for age in (99, 98, 97))
    kept = shelf.index(amd, shared, tags=("content-kept",))
    shelf.index(arm, shared, tags=("content-gone",))
    # A node names the image of its own platform.
    cluster.run(f"{shelf.registry.host}/me/api@{amd}")
    prune()
    assert shelf.has(kept) and shelf.has(amd) and shelf.has(shared), "what a kept index lists stays"
    assert shelf.has(shared.replace(":", "-")), "with what is attached to it"
    assert not shelf.has("content-gone") and not shelf.has(arm) and not shelf.has(arm.replace(":", "-"))


def test_an_image_that_a_young_index_lists_is_not_removed_for_its_own_tag(shelf: Shelf, prune: Any) -> None:
    part = shelf.image("content-part", age=99)
    other = shelf.image(age=1)
    other_bill = shelf.attach(other, {"org.opencontainers.image.created": days(1)})
    shelf.attach(part, {"org.opencontainers.image.created": days(99)})
    shelf.put({"manifests": [{"digest": other}, {"digest": part}]}, "1.0.0", media_type=INDEX)
    prune()
    assert shelf.has(part) and shelf.has(part.replace(":", "-")) and shelf.has(other_bill)


def test_the_newest_few_stay_however_old_they_are(shelf: Shelf, prune: Any) -> None:
    for age in (60, 50, 40):
        shelf.image(f"content-{age}", age=age)
    prune(keep_newest=2)
    assert [shelf.has(f"content-{age}") for age in (60, 50, 40)] == [False, True, True]


def test_what_this_checkout_would_deploy_is_kept(shelf: Shelf, prune: Any) -> None:
    shelf.image("content-now", age=99)
    prune(wanted=[f"{shelf.registry.host}/me/api:content-now"])
    assert shelf.has("content-now")


def test_an_image_without_an_age_stays_until_need_alone_counts(shelf: Shelf, prune: Any, printed: list[str]) -> None:
    shelf.image("content-timeless")
    prune()
    assert shelf.has("content-timeless")
    assert "1 of unknown age are kept; -e images_keep_days=0 disregards age." in printed
    prune(keep_days=0)
    assert not shelf.has("content-timeless")


@pytest.mark.parametrize(
    ("built", "goes"),
    [
        # Without the moment in its name: several processes look for the same tests.
        pytest.param(days(99), True, id="99 days ago"),
        pytest.param(days(2), False, id="2 days ago"),
        ("2020-01-01T00:00:00.123456789Z", True),
        ("1970-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00Z", False),
        ("yesterday", False),
        ("2020-01-01", True),
    ],
)
def test_without_a_bill_of_materials_the_time_of_the_build_counts(
    shelf: Shelf, prune: Any, built: str, goes: bool
) -> None:
    shelf.image("content-a", built=built)
    prune()
    assert shelf.has("content-a") != goes


def test_tags_of_builds_that_were_never_checked_go_too(shelf: Shelf, prune: Any) -> None:
    shelf.image("unchecked-a", built=days(99))
    prune()
    assert not shelf.has("unchecked-a")


def test_all_pages_of_tags_are_read(shelf: Shelf, prune: Any) -> None:
    shelf.registry.page = 2
    shelf.image("zz-for-people", "content-a", age=99)
    for number in range(5):
        shelf.image(f"content-{number}", age=99)
    prune()
    assert shelf.has("content-a") and shelf.has("zz-for-people")
    assert not any(shelf.has(f"content-{number}") for number in range(5))


def test_a_registry_that_allows_no_deletion_is_told_with_the_switch(shelf: Shelf, prune: Any) -> None:
    shelf.image("content-a", age=99)
    shelf.registry.deletes = 405
    with pytest.raises(UserError, match=r"does not allow deletions \(405\).*storage.delete.enabled: true"):
        prune()
    assert shelf.has("content-a")


def test_a_registry_that_refuses_is_told_in_its_words(shelf: Shelf, prune: Any) -> None:
    shelf.image("content-a", age=99)
    shelf.registry.deletes = 400
    with pytest.raises(UserError, match=r"responds with 400 to the request for the removal of .*unsupported"):
        prune()


def test_who_may_only_read_the_registry_is_told(shelf: Shelf, prune: Any) -> None:
    shelf.image("content-a", age=99)
    shelf.registry.auth = "bearer"
    with pytest.raises(UserError, match="wants credentials for writing"):
        prune()
    assert shelf.has("content-a")


def test_a_repository_that_is_not_there_holds_nothing(shelf: Shelf, prune: Any) -> None:
    assert prune(images=["nothing", "api"]) == {"changed": False, "removed": []}


def test_who_sees_one_namespace_is_told_so(shelf: Shelf, cluster: Cluster, prune: Any, printed: list[str]) -> None:
    cluster.everywhere = False
    shelf.image("content-a", age=99)
    cluster.run(f"{shelf.registry.host}/me/api:content-a")
    prune()
    assert shelf.has("content-a")
    assert "Only namespace n can be seen from here: what others run counts by its age alone." in printed


@pytest.mark.parametrize("needed", ["pods", "secrets", "replicasets"])
def test_who_may_not_see_what_runs_removes_nothing(shelf: Shelf, cluster: Cluster, prune: Any, needed: str) -> None:
    shelf.image("content-a", age=99)
    cluster.forbidden = {needed}
    with pytest.raises(UserError, match="forbids it"):
        prune()
    assert shelf.has("content-a")


def test_what_one_need_not_see_is_done_without(shelf: Shelf, cluster: Cluster, prune: Any) -> None:
    shelf.image("content-a", age=99)
    cluster.forbidden = {"daemonsets", "cronjobs"}
    prune()
    assert not shelf.has("content-a")


@pytest.mark.parametrize("setting", ["keep_days", "keep_newest"])
def test_less_than_none_is_refused(prune: Any, setting: str) -> None:
    with pytest.raises(UserError, match=f"images_{setting} must be 0 or more"):
        prune(**{setting: -1})


def test_a_manifest_that_cannot_be_read_is_kept(shelf: Shelf, prune: Any) -> None:
    for name, body in (("content-a", b"[]"), ("content-b", b"not JSON"), ("content-c", b'{"manifests": 7}')):
        shelf.registry.manifests[f"{REPOSITORY}/manifests/{name}"] = body
        shelf.registry.media_types[f"{REPOSITORY}/manifests/{name}"] = IMAGE
    prune()
    assert all(shelf.has(f"content-{name}") for name in "abc")


def test_images_are_found_wherever_they_are_named() -> None:
    status_ = {"containerStatuses": [{"imageID": "docker-pullable://a/b@sha256:1", "image": "a/b:1"}]}
    volumes = [{"image": {"reference": "not a text"}}]
    assert set(named({"status": status_, "spec": {"volumes": volumes}})) == {"a/b@sha256:1", "a/b:1"}
