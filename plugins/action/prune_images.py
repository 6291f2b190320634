"""Remove images that nobody needs any more from a registry. See plugins/modules/prune_images.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible.utils.display import Display

from ..plugin_utils.ages import age
from ..plugin_utils.errors import UserError
from ..plugin_utils.kube.client import KubeClient
from ..plugin_utils.kube_action import DEPLOYMENT_ARGUMENTS, KubeAction
from ..plugin_utils.registry.image_reference import reference_below
from ..plugin_utils.registry.session import CREDENTIALS_SPEC, opened
from ..plugin_utils.registry.store import RegistryStore
from ..plugin_utils.registry.unneeded import Image, Kept, Repository
from ..plugin_utils.release.used_images import Used, used_images

Object = dict[str, Any]


class ActionModule(KubeAction):
    """The action `prune_images`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        **DEPLOYMENT_ARGUMENTS,
        "registry": {"type": "str", "required": True},
        "images": {"type": "list", "elements": "str", "required": True},
        "wanted": {"type": "list", "elements": "str", "default": []},
        "keep_days": {"type": "int", "default": 30},
        "keep_newest": {"type": "int", "default": 3},
        **CREDENTIALS_SPEC,
    }

    def work(self, client: KubeClient, arguments: dict[str, Any]) -> dict[str, Any]:
        """Look what is needed, say what is not, and remove that."""
        for name in ("keep_days", "keep_newest"):
            if arguments[name] < 0:
                raise UserError(f"images_{name} must be 0 or more.")
        kept = Kept(arguments["keep_days"], arguments["keep_newest"])
        used = used_images(client, arguments["namespace"])
        needed = used.images | set(arguments["wanted"])
        now = datetime.now(UTC)
        found: list[tuple[Repository, list[Image]]] = []
        for name in arguments["images"]:
            place = reference_below(arguments["registry"], name)
            repository = Repository.read(opened(RegistryStore, place.host, arguments), place)
            found.append((repository, repository.unneeded(needed, kept, now)))
        lines = [line for repository, going in found for line in told(repository, going, now)]
        lines += notes(found, used, kept, arguments["namespace"])
        Display().display("\n".join(["", *lines, ""]))
        removed = [str(one) for repository, going in found for one in self._remove(repository, going)]
        return {"changed": bool(removed), "removed": removed}

    def _remove(self, repository: Repository, going: list[Image]) -> list[str]:
        removed = []
        # What goes with each is looked up before the first is gone.
        for digests in [repository.with_attachments(image, going) for image in going]:
            for digest in digests:
                one = replace(repository.place, tag=None, digest=digest)
                if self._task.check_mode or repository.client.delete(one):
                    removed.append(str(one))
        return list(dict.fromkeys(removed))


def told(repository: Repository, going: list[Image], now: datetime) -> list[str]:
    """What there is of a repository, and what of it goes."""
    lines = [f"{repository.place.name}: {len(repository.images)} images by their content, {len(going)} to remove"]
    return lines + [f"  - {', '.join(image.tags)}  {image.digest[:19]}  {old(image, now)}" for image in going]


def old(image: Image, now: datetime) -> str:
    """How old an image is."""
    return f"{age(image.created.isoformat(), now)} old" if image.created else "of unknown age"


def notes(found: list[tuple[Repository, list[Image]]], used: Used, kept: Kept, namespace: str) -> list[str]:
    """What is not known, and what is done about that."""
    ageless = sum(
        image.created is None and image not in going for repository, going in found for image in repository.images
    )
    lines = [
        f"Kept beside what is needed: what is younger than {kept.days} days, and the newest {kept.newest} of each."
    ]
    if ageless:
        lines.append(f"{ageless} of unknown age are kept; -e images_keep_days=0 disregards age.")
    if not used.everywhere:
        lines.append(f"Only namespace {namespace} can be seen from here: what others run counts by its age alone.")
    if any(going for _, going in found):
        lines.append("What another cluster runs is not known. Space is free after the registry's garbage collection.")
    return lines
