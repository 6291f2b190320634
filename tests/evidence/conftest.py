"""One browser for all tests of the page, and evidence of a good, a failed and an absent deployment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, chromium

from stand_in import standing_in
from test_evidence import write


@pytest.fixture(scope="session")
def page() -> Iterator[Page]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of the evidence, by how the deployment is."""
    with standing_in(tmp_path_factory.mktemp("evidence")) as cluster:
        good = write(cluster)
        cluster.ready, cluster.reason, cluster.revision = 1, "ErrImagePull", 5
        bad = write(cluster)
        absent = write(cluster, name="nobody")
    return {"good": Path(good["path"]), "failed": Path(bad["path"]), "absent": Path(absent["path"])}
