"""What all unit tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from graders import kept_shells

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes depends on what else the machine does.
settings.register_profile("kit", deadline=None)
settings.load_profile("kit")


@pytest.fixture(autouse=True)
def _no_kept_shells() -> Iterator[None]:
    """End shells with their test: the next one's machines are others."""
    yield
    kept_shells.close_all()


@pytest.fixture(autouse=True)
def on_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the person's own lab stands, tests begin with kind."""
    monkeypatch.delenv("CLUSTER", raising=False)
    monkeypatch.delenv("HOSTS", raising=False)
