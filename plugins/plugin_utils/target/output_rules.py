"""What runs write must not become a part of the images: it holds the Secret, and would be another content each time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ansible.module_utils.parsing.convert_bool import boolean

from ..build.build_context import BadContext, open_context
from ..build.dockerignore import is_seen
from .role_arguments import WrongArguments
from .variables import Target

# Where runs write, beside app_manifests_dir.
OUTPUTS = ("evidence_dir", "release_black_box_dir")


def refuse_outputs_in_images(target: Target, outputs: Mapping[str, str]) -> None:
    """Refuse folders of `outputs`, by their variables, that a build of the target would see. Raises WrongArguments."""
    folders = {"app_manifests_dir": str(target["manifests_dir"])} | dict(outputs)
    found = [
        problem
        for part in _built(target)
        for name, folder in folders.items()
        if folder and (problem := _problem(target, part, name, Path(folder).expanduser()))
    ]
    if found:
        raise WrongArguments("\n".join(found))


def _built(target: Target) -> list[str]:
    parts = ("api", "db") if boolean(target["db_enabled"]) else ("api",)
    return [part for part in parts if not target[f"{part}_image"]]


def _problem(target: Target, part: str, name: str, folder: Path) -> str:
    context = Path(str(target[f"{part}_build_context"])).expanduser().resolve()
    if not folder.resolve().is_relative_to(context):
        return ""
    inside = folder.resolve().relative_to(context).as_posix()
    try:
        opened = open_context(context, str(target[f"{part}_dockerfile"]) or "Dockerfile")
    except BadContext:
        # What is wrong with it is said where the image is looked for.
        return ""
    if inside != "." and not is_seen(inside, opened.patterns):
        return ""
    ignore = opened.ignore or context / ".dockerignore"
    remedy = f"add /{inside}/ to {ignore}" if inside != "." else "name a folder of its own"
    return (
        f"{name} is {folder}, which the build of app_{part}_build_context would see: the image would hold what "
        f"runs write there, and be another after each run; {remedy}"
    )
