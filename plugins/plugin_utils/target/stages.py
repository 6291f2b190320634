"""What a run comes to: the stages of its playbook, as far as its tags let it, and what they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..database_mode import OWN, mode_of


def builds(target: Mapping[str, Any]) -> bool:
    """Whether any image is built here."""
    return not target["api_image"] or (mode_of(target) in OWN and not target["db_image"])


@dataclass(frozen=True)
class Stages:
    """The stages of a run."""

    names: frozenset[str]
    # Whether this run writes evidence where it has none that is still true.
    evidence: bool
    check_mode: bool = False

    @classmethod
    def of_run(cls, stages: list[str], tags: Iterable[str], skipped: Iterable[str], check_mode: bool) -> Stages:
        """What the playbook does, as far as --tags and --skip-tags let it."""
        everything = bool({"all", "tagged"} & set(tags))
        names = (set(stages) if everything else set(stages) & set(tags)) - set(skipped)
        evidence = (everything or "evidence" in tags) and "evidence" not in skipped
        return cls(frozenset(names), evidence, check_mode)

    def any_of(self, *names: str) -> bool:
        """Whether the run has one of these stages."""
        return bool(self.names & set(names))

    @property
    def use_cluster(self) -> bool:
        """Whether the cluster is read, or written to, in any way."""
        return self.asks_cluster or self.any_of("verify", "evidence", "look", "compare", "account")

    @property
    def asks_cluster(self) -> bool:
        """Whether the cluster has to be fit for what the run does."""
        return self.any_of("deploy", "rollback", "teardown")

    @property
    def use_images(self) -> bool:
        """Whether the images of this checkout are looked up."""
        return self.any_of("build", "push", "deploy", "compare", "pack")

    @property
    def need_images(self) -> bool:
        """Whether an image that was never pushed is an error: nobody will build it."""
        return self.any_of("deploy", "pack") and not self.any_of("build", "push") and not self.check_mode

    @property
    def plan(self) -> bool:
        """Whether there is anything to plan."""
        return self.any_of("build", "push", "deploy")
