"""What start and reset ask of the API server, and what they say of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from graders.errors import CannotCheck
from graders.kube import lists
from graders.kube.client import KubeError
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path


class Kube:
    """Knows one kind, and refuses another."""

    def __init__(self, kubeconfig: Path) -> None:
        """Note whose it is."""
        assert kubeconfig.parts[-2:] == ("ada", "kubeconfig")
        self.open = True

    def items(self, path: str) -> list[dict[str, str]]:
        """Return a list."""
        if path == "/refused":
            raise KubeError("GET /refused: forbidden")
        return [{"of": path}]

    def close(self) -> None:
        """End."""
        self.open = False


def test_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is returned; what is refused cannot be checked."""
    monkeypatch.setattr(lists, "KubeClient", Kube)

    with closing(lists.Lists(make_plan("ada"))) as found:
        assert found.items("/x") == [{"of": "/x"}]
        with pytest.raises(CannotCheck, match=r"forbidden; `lab up` brings"):
            found.items("/refused")


def test_no_kubeconfig(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It says which file, and how to get it back."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))

    with pytest.raises(CannotCheck, match=r"could not read .*; `lab up`"):
        lists.Lists(make_plan("ada"))
