"""Objects that are there whatever lab was started."""

from __future__ import annotations

import pytest

from graders.kube.start_state import is_every_labs


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("configmaps kube-system/coredns", True),
        ("namespaces kube-system", True),
        ("namespaces lab-1", False),
        ("namespaces metallb-system", False),
        ("nodes metallb-lab-worker", False),
        ("configmaps lab-1/mine", False),
        ("storageclasses.storage.k8s.io standard", True),
    ],
)
def test_whose_an_object_is(place: str, *, expected: bool) -> None:
    """A start restores the cluster's own; other labs have other objects."""
    assert is_every_labs(place) == expected
