"""From sources to an image in a registry: which module is called with what, and what is said when one fails.

The modules are stood in for by functions that note how they were called: what a registry in trouble, a builder of
several platforms and sources that move during a build lead to cannot be had from a real engine on demand. Real builds
and pushes are tried by the tests that deploy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action import publish_images
from ansible_collections.fastapi_mysql.k8s.plugins.action.publish_images import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build import publishing
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.images import look
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.publishing import (
    Engine,
    Module,
    Publication,
    PublishError,
    build_failure,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.errors import UserError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import MANIFEST_TYPES, RegistryError

from fake_registry import FakeRegistry, serve

Object = dict[str, Any]
ENGINE = Engine("unix:///nowhere", "unix:///nowhere", "docker", "", "", "", [])


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serve(FakeRegistry()) as started:
        yield started


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "api"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return folder


def wanted(context: Path, **more: Any) -> Object:
    image = {"name": "api", "tag": "1.0.0", "context": str(context), "dockerfile": "Dockerfile", "build_args": {}}
    return image | {"target": "", "platforms": [], "bases": {}, "reference": ""} | more


def access(registry: FakeRegistry) -> Object:
    return {"registry": registry.host, "username": "", "password": "", "docker_config": "/nowhere", "timeout": 5}


class Modules:
    """What stands for community.docker: each call, and what the registry has after it."""

    def __init__(self, registry: FakeRegistry, **answers: list[Object] | Callable[[], None]) -> None:
        self.registry, self.answers = registry, answers
        self.calls: list[tuple[str, Object, Mapping[str, str]]] = []

    def __call__(self, name: str, arguments: Object, environment: Mapping[str, str]) -> Object:
        self.calls.append((name, arguments, environment))
        answer = self.answers.get(name)
        if callable(answer):
            answer()
        elif answer:
            return answer.pop(0)
        if name == "docker_image_push":
            self.store(arguments["name"])
        for output in arguments.get("outputs", []):
            self.store(output["name"][0])
            return {"rc": 0}
        return {"image": {"Id": "x"}}

    def store(self, reference: str) -> None:
        """Have it in the registry."""
        repository, _, tag = reference.partition("/")[2].rpartition(":")
        path = f"/v2/{repository}/manifests/{tag}"
        self.registry.manifests[path] = json.dumps({"layers": []}).encode()
        self.registry.media_types[path] = MANIFEST_TYPES[1]

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.calls]


def publication(image: Object, registry: FakeRegistry, modules: Modules, engine: Engine = ENGINE) -> Publication:
    (found,) = look([image], registry.host, access(registry))
    return Publication(image, found, access(registry), engine, modules)


def published(one: Publication, build: bool = True) -> Object:
    """What comes of it, as the action does it."""
    if build:
        one.build()
    return one.publish(build)


def test_it_is_built_pushed_and_known_by_its_digest(context: Path, registry: FakeRegistry) -> None:
    modules = Modules(registry)
    done = published(publication(wanted(context, build_args={"A": 1}), registry, modules), True)
    assert modules.names == ["docker_image_build", "docker_image_push"]
    _, build, environment = modules.calls[0]
    assert build == {
        "name": done["reference"],
        "path": str(context),
        "dockerfile": "Dockerfile",
        "args": {"A": "1"},
        "labels": {},
        "docker_cli": "docker",
        "docker_host": "unix:///nowhere",
    }
    assert environment["BUILDX_BUILDER"] == "default"
    assert done["present"]
    assert done["pinned"] == f"{registry.host}/api@{done['digest']}"


def test_it_is_built_on_what_was_hashed(tmp_path: Path, registry: FakeRegistry) -> None:
    """By the digest that counts in its tag, which the engine is made to have before."""
    modules = Modules(registry)
    modules.store(f"{registry.host}/base:12")
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n")
    base = f"{registry.host}/base:12"
    one = publication(wanted(tmp_path, build_args={"BASE_IMAGE": base}), registry, modules)
    # Of a registry that is not on this machine, whose images a build asks for by their digest.
    one.found["pins"] = {"BASE_IMAGE": "elsewhere/base@sha256:1"}
    done = published(one)
    (pull, build, _) = (arguments for _, arguments, _ in modules.calls)
    assert build["args"] == {"BASE_IMAGE": "elsewhere/base@sha256:1"}
    assert list(done["pulls"]) == [pull["name"]] == [base]
    assert json.loads(next(iter(build["labels"].values()))) == done["bases"]


def test_several_platforms_are_pushed_by_their_builder_to_where_nobody_looks(
    context: Path, registry: FakeRegistry
) -> None:
    """The content's tag is set when it is known that the sources have not moved."""
    modules = Modules(registry)
    image = wanted(context, platforms=["linux/amd64", "linux/arm64"])
    engine = Engine("unix:///nowhere", "", "docker", "/logins", "multi", "", [])
    done = published(publication(image, registry, modules, engine), True)
    assert modules.names == ["docker_image_build"]
    _, build, environment = modules.calls[0]
    assert build["outputs"] == [{"type": "image", "name": [done["unchecked"]], "push": True}]
    assert build["platform"] == image["platforms"]
    assert "docker_host" not in build
    assert (environment["BUILDX_BUILDER"], environment["DOCKER_CONFIG"]) == ("multi", "/logins")
    assert f"/v2/api/manifests/{done['tag']}" in registry.manifests


@pytest.mark.parametrize("platforms", [[], ["linux/amd64", "linux/arm64"]])
def test_what_was_built_from_sources_that_moved_is_not_used(
    context: Path, registry: FakeRegistry, platforms: list[str]
) -> None:
    modules = Modules(registry, docker_image_build=lambda: (context / "new").touch())
    one = publication(wanted(context, platforms=platforms), registry, modules)
    with pytest.raises(PublishError, match=rf"^The sources of the image api in {context} were changed while it was"):
        published(one)
    # What its builder has pushed is out of the engine's reach, and has no name that anybody looks for.
    assert modules.names == ["docker_image_build"] + ([] if platforms else ["docker_image_remove"])
    assert one.found["reference"].rpartition(":")[2] not in str(registry.manifests)


def test_a_base_that_moved_is_told_apart(tmp_path: Path, registry: FakeRegistry) -> None:
    def move() -> None:
        registry.manifests["/v2/base/manifests/12"] = b'{"other": 1}'

    modules = Modules(registry, docker_image_build=move)
    modules.store(f"{registry.host}/base:12")
    (tmp_path / "Dockerfile").write_text(f"FROM {registry.host}/base:12\n")
    with pytest.raises(PublishError, match=r"^What the image api starts from was changed in its registry while"):
        published(publication(wanted(tmp_path), registry, modules), True)


def test_a_registry_that_is_busy_is_asked_again(context: Path, registry: FakeRegistry) -> None:
    busy = [{"failed": True, "msg": "toomanyrequests: slow down"}, {"failed": True, "msg": "502 Bad Gateway"}]
    modules = Modules(registry, docker_image_push=busy)
    published(publication(wanted(context), registry, modules), True)
    assert modules.names.count("docker_image_push") == 3


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("denied: requested access", r"refuses the push of api \(denied: .*set app_registry_username"),
        ("Cannot find image x:y", "was not built .* run `ansible-playbook site.yml --tags build` first"),
        ("no space left\non device", "^no space left on device$"),
        ("toomanyrequests", "^toomanyrequests$"),
    ],
)
def test_a_push_that_fails_says_why(context: Path, registry: FakeRegistry, said: str, told: str) -> None:
    modules = Modules(registry, docker_image_push=[{"failed": True, "msg": said}] * 9)
    with pytest.raises(PublishError, match=told):
        published(publication(wanted(context), registry, modules), False)
    assert "docker_image_build" not in modules.names


def test_a_push_that_leaves_nothing_is_no_success(context: Path, registry: FakeRegistry) -> None:
    modules = Modules(registry, docker_image_push=[{"image": {}}])
    with pytest.raises(PublishError, match="does not have it: run it again"):
        published(publication(wanted(context), registry, modules), True)


BUILDKIT = """\
#5 [2/3] RUN false
------
 > [2/3] RUN install nothing:
0.4 ERROR: No matching distribution found for nothing
------
ERROR: failed to solve: process "/bin/sh -c pip" did not complete successfully: exit code: 1
"""


@pytest.mark.parametrize(
    ("built", "reason", "step"),
    [
        (
            {"stderr": BUILDKIT, "msg": "Building failed"},
            'process "/bin/sh -c pip" did not complete successfully: exit code: 1',
            " > [2/3] RUN install nothing:\n0.4 ERROR: No matching distribution found for nothing",
        ),
        ({"msg": "docker: \n not  there"}, "docker: not there", ""),
        ({"stderr": "some words", "msg": "Building failed"}, "Building failed", "some words"),
        ({}, "", ""),
    ],
)
def test_why_a_build_failed(built: Object, reason: str, step: str) -> None:
    assert build_failure(built) == (reason, step)


def test_a_build_that_fails_names_image_and_dockerfile(context: Path, registry: FakeRegistry) -> None:
    modules = Modules(registry, docker_image_build=[{"failed": True, "msg": "no", "stderr": BUILDKIT}])
    with pytest.raises(PublishError, match=rf"^The image api cannot be built from {context}/Dockerfile: process "):
        published(publication(wanted(context), registry, modules), True)


class Action(ActionModule):
    """The action without Ansible around it; its modules are stood in for."""

    def __init__(self, modules: Module, check_mode: bool = False) -> None:
        self._task = SimpleNamespace(check_mode=check_mode)
        self.modules = modules

    def _module(self, name: str, arguments: Object, environment: Mapping[str, str]) -> Object:
        return self.modules(name, arguments, environment)


@pytest.fixture
def _engine_responds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_images, "check_engine", lambda host, _: host)


def arguments(registry: FakeRegistry, *images: Object, **more: Any) -> Object:
    given = {"images": list(images), "build": True, "network": "", "secrets": [], "builder": ""}
    return access(registry) | given | {"docker_host": "unix:///nowhere", "docker_cli": "true"} | more


def test_what_the_registry_has_is_left_alone(context: Path, registry: FakeRegistry) -> None:
    modules = Modules(registry)
    modules.store(look([wanted(context)], registry.host, access(registry))[0]["reference"])
    result = Action(modules).perform(arguments(registry, wanted(context)))
    assert (result["changed"], modules.calls) == (False, [])
    # But the human-readable tag does not name it.
    assert result["untagged"] == [{"reference": result["images"][0]["reference"], "tag": "1.0.0"}]


@pytest.mark.usefixtures("_engine_responds")
def test_of_several_images_those_that_are_missing_are_published(context: Path, registry: FakeRegistry) -> None:
    modules = Modules(registry)
    modules.store(look([wanted(context)], registry.host, access(registry))[0]["reference"])
    result = Action(modules).perform(arguments(registry, wanted(context), wanted(context, name="db")))
    assert result["changed"]
    assert [image["present"] for image in result["images"]] == [True, True]
    assert {arguments["name"].partition("/")[2].partition(":")[0] for _, arguments, _ in modules.calls} == {"db"}


def test_sources_that_moved_since_the_plan_are_refused_before_they_are_built(
    context: Path, registry: FakeRegistry
) -> None:
    modules = Modules(registry)
    planned = look([wanted(context)], registry.host, access(registry))[0]["reference"]
    (context / "new").touch()
    with pytest.raises(PublishError, match="were changed since they were planned: run it again"):
        Action(modules).perform(arguments(registry, wanted(context, reference=planned)))
    assert modules.calls == []


def test_a_check_tells_what_would_be_published(context: Path, registry: FakeRegistry) -> None:
    modules = Modules(registry)
    assert Action(modules, check_mode=True).perform(arguments(registry, wanted(context)))["changed"]
    assert modules.calls == []


@pytest.mark.usefixtures("_engine_responds")
@pytest.mark.parametrize("passing", [0, 2])
def test_a_login_ends_with_the_publication(
    context: Path, registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: int
) -> None:
    monkeypatch.setattr(publish_images, "run_folder", lambda: tmp_path / "above/run")
    modules = Modules(registry, docker_login=[{"msg": "503 Service Unavailable"}] * passing + [{}])
    Action(modules).perform(arguments(registry, wanted(context), username="me", password="s3cret"))
    names = ["docker_login"] * (passing + 1) + ["docker_image_build", "docker_image_push"]
    assert modules.names == names
    folder = Path(modules.calls[0][1]["config_path"]).parent
    assert folder.parent == tmp_path / "above/fastapi-mysql-k8s-logins"
    assert modules.calls[-1][2]["DOCKER_CONFIG"] == str(folder)
    assert not folder.exists()


@pytest.mark.usefixtures("_engine_responds")
def test_a_login_that_is_refused_builds_nothing(
    context: Path, registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_images, "run_folder", lambda: tmp_path / "above/run")
    modules = Modules(registry, docker_login=[{"msg": "Logging into it failed\n unauthorized"}])
    with pytest.raises(PublishError, match=r"refuses user 'me' \(Logging into it failed unauthorized\): correct app_"):
        Action(modules).perform(arguments(registry, wanted(context), username="me", password="s3cret"))
    assert modules.names == ["docker_login"]
    assert list((tmp_path / "above/fastapi-mysql-k8s-logins").iterdir()) == []


def test_a_registry_that_refuses_is_told_before_anything_is_built(context: Path, registry: FakeRegistry) -> None:
    registry.auth = "basic"
    modules = Modules(registry)
    with pytest.raises(RegistryError):
        Action(modules).perform(arguments(registry, wanted(context)))
    assert modules.calls == []


@pytest.mark.usefixtures("_engine_responds")
def test_nothing_is_pushed_as_long_as_one_cannot_be_built(
    context: Path, registry: FakeRegistry, tmp_path: Path
) -> None:
    """Each is built in a process of its own, so what was done is told by a file."""
    said = tmp_path / "said"

    def module(name: str, arguments: Object, _: Mapping[str, str]) -> Object:
        with said.open("a") as log:
            log.write(f"{name} {arguments['name'].rpartition('/')[2].partition(':')[0]}\n")
        return {"failed": True, "msg": "no"} if "/db:" in arguments["name"] else {"image": {}}

    with pytest.raises(UserError, match=r"^The image db cannot be built from .*: no$"):
        Action(module).perform(arguments(registry, wanted(context), wanted(context, name="db")))
    assert sorted(said.read_text().splitlines()) == ["docker_image_build api", "docker_image_build db"]
