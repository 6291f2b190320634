"""One browser for all tests of the page, and evidence of a good, an undone, a failed and an absent deployment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, chromium

from fake_deployment import ROLLOUT, standing_in
from test_evidence import FAILED_RUN, write


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of the evidence, by how the deployment is."""
    with standing_in(tmp_path_factory.mktemp("evidence")) as cluster:
        good = write(cluster, rollout=ROLLOUT)
        undone = write(cluster, **FAILED_RUN)
        cluster.ready, cluster.reason, cluster.revision = 1, "ErrImagePull", 5
        bad = write(cluster)
        absent = write(cluster, name="nobody")
    written = {"good": good, "undone": undone, "failed": bad, "absent": absent}
    return {kind: Path(result["path"]) for kind, result in written.items()}
