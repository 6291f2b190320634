"""What was on the platform before the tests is there as it was. Runs last."""

from __future__ import annotations

from surroundings import Cluster, tags

from conftest import Neighbours


def test_other_namespaces_and_their_objects_are_untouched(neighbours: Neighbours, cluster: Cluster) -> None:
    now = cluster.namespaces()
    assert {name: now.get(name) for name in neighbours.namespaces} == neighbours.namespaces
    assert {name: cluster.identity(name) for name in neighbours.objects} == neighbours.objects


def test_other_images_are_untouched(neighbours: Neighbours) -> None:
    assert {name: tags(name) for name in neighbours.images} == neighbours.images
