"""What is in an image: read from its layers, written as CycloneDX, attached in its registry."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.fastapi_mysql.k8s.plugins.action.tag_images import ActionModule
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.build.image_sbom import (
    SBOM_TYPE,
    NoSbom,
    attach,
    attached,
)
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.client import RegistryError
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.image_reference import ImageReference
from ansible_collections.fastapi_mysql.k8s.plugins.plugin_utils.registry.store import RegistryStore
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from fake_registry import FakeRegistry, serve

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
STATUS = """\
Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <debian-glibc@example.org>
Architecture: amd64
Version: 2.36-9+deb12u13
Description: C library
 Version: 1, says this line of the description

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: libmariadb3
Status: install ok installed
Architecture: amd64
Version: 1:10.11.14-0+deb12u2
"""
SYSTEM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nHOME_URL="https://example.org/"\n'
VENV = "opt/venv/lib/python3.11/site-packages"


def metadata(name: str, version: str, expression: str = "") -> str:
    found = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"
    return f"{found}{f'License-Expression: {expression}' if expression else ''}\n\nName: nothing\n"


BASE = {
    "./var/lib/dpkg/status": STATUS,
    "./usr/lib/os-release": SYSTEM,
    f"{VENV}/old-1.dist-info/METADATA": metadata("old", "1"),
}
ADDED = {
    f"{VENV}/Type_Thing-4.1.dist-info/METADATA": metadata("Type_Thing", "4.1", "MIT"),
    f"{VENV}/both-2.dist-info/METADATA": metadata("both", "2", "Apache-2.0 OR BSD-2-Clause"),
    f"{VENV}/own-3.dist-info/METADATA": metadata("own", "3", "LicenseRef-Own"),
    f"{VENV}/.wh.old-1.dist-info": "",
    "usr/local/lib/python3.13/os.py": "",
    "app/main.py": "print()",
}
PURLS = {
    "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64&distro=debian-12",
    "pkg:deb/debian/libmariadb3@1:10.11.14-0%2Bdeb12u2?arch=amd64&distro=debian-12",
    "pkg:pypi/type-thing@4.1",
    "pkg:pypi/both@2",
    "pkg:pypi/own@3",
    "pkg:generic/python@3.13",
}


def layer(files: dict[str, str], compression: str = "gz") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=f"w:{compression}") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


class Shelf:
    """A registry with an image in it."""

    def __init__(self, registry: FakeRegistry, layers: list[bytes]) -> None:
        self.registry = registry
        self.client = RegistryStore(registry.host)
        config = self.put("blobs", json.dumps({"created": "2026-11-23T09:00:00.123456789Z"}).encode())
        digests = [{"digest": self.put("blobs", one)} for one in layers]
        body = json.dumps({"config": {"digest": config}, "layers": digests}).encode()
        self.image = ImageReference(registry.host, "api", digest=self.put("manifests", body))

    def put(self, kind: str, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.registry.manifests[f"/v2/api/{kind}/{digest}"] = content
        self.registry.media_types[f"/v2/api/{kind}/{digest}"] = DOCKER_MANIFEST
        return digest

    def bill(self) -> dict[str, Any]:
        found = attached(self.client, self.image)
        assert found is not None
        bill: dict[str, Any] = json.loads(found[1])
        return bill


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serve(FakeRegistry()) as started:
        yield started


def purls(bill: dict[str, Any]) -> set[str]:
    return {one["purl"] for one in bill["components"] if "purl" in one}


@pytest.mark.parametrize("lists_referrers", [False, True])
def test_what_the_layers_hold_is_attached(registry: FakeRegistry, lists_referrers: bool) -> None:
    registry.lists_referrers = lists_referrers
    shelf = Shelf(registry, [layer(BASE), layer(ADDED)])
    [(digest, packages)] = attach(shelf.client, shelf.image, None)
    found = attached(shelf.client, shelf.image)
    assert found is not None
    assert (found[0], packages) == (digest, len(PURLS))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(found[1].decode()) is None
    bill = shelf.bill()
    assert purls(bill) == PURLS
    assert bill["metadata"]["component"]["version"] == shelf.image.digest
    assert bill["metadata"]["timestamp"].startswith("2026-11-23T09:00:00")
    [system] = [one for one in bill["components"] if one["type"] == "operating-system"]
    assert (system["name"], system["version"]) == ("debian", "12")
    # An index under a tag, only where the registry does not list by itself.
    tag = f"/v2/api/manifests/{str(shelf.image.digest).replace(':', '-')}"
    assert (tag in registry.manifests) is not lists_referrers


def test_the_registry_holds_an_oci_artifact(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [layer(BASE)])
    attach(shelf.client, shelf.image, None)
    index = json.loads(registry.manifests[f"/v2/api/manifests/{str(shelf.image.digest).replace(':', '-')}"])
    [entry] = index["manifests"]
    assert (index["schemaVersion"], entry["artifactType"]) == (2, SBOM_TYPE)
    manifest = json.loads(registry.manifests[f"/v2/api/manifests/{entry['digest']}"])
    assert manifest["subject"]["digest"] == shelf.image.digest
    assert manifest["subject"]["mediaType"] == DOCKER_MANIFEST
    assert manifest["config"]["digest"] == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"


def test_a_second_time_attaches_nothing(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [layer(BASE)])
    assert attach(shelf.client, shelf.image, None)
    before = dict(registry.manifests)
    assert attach(shelf.client, shelf.image, None) == []
    assert registry.manifests == before


def test_other_attachments_stay(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [layer(BASE)])
    tag = f"/v2/api/manifests/{str(shelf.image.digest).replace(':', '-')}"
    other = {"digest": f"sha256:{'1' * 64}", "artifactType": "application/vnd.example.signature"}
    registry.manifests[tag] = json.dumps({"manifests": [other]}).encode()
    registry.media_types[tag] = "application/vnd.oci.image.index.v1+json"
    attach(shelf.client, shelf.image, None)
    assert other in json.loads(registry.manifests[tag])["manifests"]
    assert purls(shelf.bill())


def test_the_same_image_gives_the_same_bytes(registry: FakeRegistry) -> None:
    with serve(FakeRegistry()) as other:
        shelves = [Shelf(one, [layer(BASE), layer(ADDED, "bz2")]) for one in (registry, other)]
        # The registry's own name is in it.
        texts = []
        for shelf in shelves:
            attach(shelf.client, shelf.image, None)
            texts.append(json.dumps(shelf.bill()).replace(shelf.registry.host, "host"))
    assert texts[0] == texts[1]


def test_what_a_layer_empties_is_gone(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [layer(BASE), layer(ADDED), layer({"opt/venv/.wh..wh..opq": "", "var/lib/.wh.dpkg": ""})])
    attach(shelf.client, shelf.image, None)
    assert purls(shelf.bill()) == {"pkg:generic/python@3.13"}


def test_a_known_layer_is_not_read_again(registry: FakeRegistry, tmp_path: Path) -> None:
    shelf = Shelf(registry, [layer(BASE)])
    attach(shelf.client, shelf.image, tmp_path)
    newer = Shelf(registry, [layer(BASE), layer(ADDED)])
    registry.asked.clear()
    attach(newer.client, newer.image, tmp_path)
    [base] = [
        one["digest"] for one in json.loads(registry.manifests[f"/v2/api/manifests/{shelf.image.digest}"])["layers"]
    ]
    assert not [one for one in registry.asked if base in one]
    assert purls(newer.bill()) == PURLS
    for kept in tmp_path.glob("*.json"):
        kept.write_text("{}")
    newest = Shelf(registry, [layer(BASE), layer(ADDED), layer({"x": ""})])
    attach(newest.client, newest.image, tmp_path)
    assert purls(newest.bill()) == PURLS


def test_an_image_for_two_platforms_has_two(registry: FakeRegistry) -> None:
    one, two = Shelf(registry, [layer(BASE)]), Shelf(registry, [layer(ADDED)])
    entries = [
        {"digest": one.image.digest, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": two.image.digest, "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": f"sha256:{'2' * 64}", "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    registry.manifests["/v2/api/manifests/1.0.0"] = json.dumps({"manifests": entries}).encode()
    registry.media_types["/v2/api/manifests/1.0.0"] = "application/vnd.oci.image.index.v1+json"
    assert len(attach(one.client, ImageReference(registry.host, "api", "1.0.0"), None)) == 2
    assert purls(one.bill()) != purls(two.bill())


def test_a_layer_that_is_no_tar_file_is_said_to_be(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [b"\x28\xb5\x2f\xfd" * 300])
    with pytest.raises(NoSbom, match=r"the layer sha256:.* cannot be read as a tar file"):
        attach(shelf.client, shelf.image, None)
    whole = layer(BASE)
    cut = Shelf(registry, [whole[: len(whole) // 2]])
    with pytest.raises(NoSbom, match="cannot be read"):
        attach(cut.client, cut.image, None)


def test_an_image_that_is_not_there(registry: FakeRegistry) -> None:
    with pytest.raises(RegistryError, match="does not have"):
        attach(RegistryStore(registry.host), ImageReference(registry.host, "api", "1"), None)


class Action(ActionModule):
    """The action without Ansible around it."""

    def __init__(self, check_mode: bool = False) -> None:
        self._task = SimpleNamespace(check_mode=check_mode)


def arguments(image: object, **more: Any) -> dict[str, Any]:
    given = {"images": [{"reference": str(image), "tag": ""}], "sbom": True, "must_move": True}
    return given | {"username": "", "password": "", "docker_config": "", "timeout": 5} | more


def test_the_action_tells_what_it_did(registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    shelf = Shelf(registry, [layer(BASE)])
    assert "skipped" in Action(check_mode=True).perform(arguments(shelf.image))
    first, second = (Action().perform(arguments(shelf.image)) for _ in range(2))
    assert (first["changed"], first["images"][0]["sboms"][0]["packages"], first["warnings"]) == (True, 3, [])
    assert (second["changed"], second["images"][0]["sboms"]) == (False, [])
    assert len(list(tmp_path.glob("fastapi-mysql-k8s/layers/sha256-*.json"))) == 1


def test_what_goes_wrong_is_a_warning(registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    missing = Action().perform(arguments(ImageReference(registry.host, "api", "1")))
    assert "has no bill of materials (SBOM): The registry" in missing["warnings"][0]
    bare = Shelf(registry, [layer({"app": ""})])
    assert Action().perform(arguments(bare.image))["warnings"] == [
        f"No package was found in {bare.image}: its bill of materials is empty"
    ]


def test_a_tag_that_names_something_else_is_moved(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [layer(BASE)])
    asked = arguments(shelf.image, images=[{"reference": str(shelf.image), "tag": "1.0.0"}], sbom=False)
    moved = [Action().perform(asked)["images"][0]["moved"] for _ in range(2)]
    assert moved == [True, False]
    assert shelf.client.digest(ImageReference(registry.host, "api", "1.0.0")) == shelf.image.digest


def test_a_tag_that_cannot_be_moved_is_an_error_only_where_it_counts(registry: FakeRegistry) -> None:
    """What is deployed is named by its digest: a rollout is not undone for a name."""
    gone = {"reference": f"{registry.host}/api:content-1", "tag": "1.0.0"}
    with pytest.raises(RegistryError, match="push it first"):
        Action().perform(arguments("", images=[gone], sbom=False))
    result = Action().perform(arguments("", images=[gone], sbom=False, must_move=False))
    assert not result["changed"]
    assert result["warnings"][0].startswith(
        f"The tag 1.0.0 of {gone['reference']} is not moved, the next run does it: "
    )


def test_images_are_tagged_side_by_side(registry: FakeRegistry) -> None:
    shelf = Shelf(registry, [layer(BASE)])
    both = [{"reference": str(shelf.image), "tag": tag} for tag in ("1", "2")]
    assert [one["moved"] for one in Action().perform(arguments("", images=both, sbom=False))["images"]] == [True, True]
