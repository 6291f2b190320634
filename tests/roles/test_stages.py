"""What a playbook says that it does is what the role app knows."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_the_stages_of_every_playbook_are_known() -> None:
    spec = yaml.safe_load((ROOT / "roles/app/meta/argument_specs.yml").read_text(encoding="utf-8"))
    known = set(spec["argument_specs"]["main"]["options"]["app_stages"]["choices"])
    named = [
        (path.name, stage)
        for path in (ROOT / "playbooks").glob("*.yml")
        for play in yaml.safe_load(path.read_text(encoding="utf-8"))
        # exam.yml works it out: what it says is a template.
        for stages in [(play.get("vars") or {}).get("app_stages")]
        if isinstance(stages, list)
        for stage in stages
    ]
    assert named
    assert [one for one in named if one[1] not in known] == []
