"""The home of a student who works in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a home that has every folder in it, and a space in its name."""
    home = tmp_path / "a b"
    monkeypatch.setenv("METALLB_LAB_STATE", str(home / "state"))
    monkeypatch.setenv("METALLB_LAB_CACHE", str(home / "cache"))
    monkeypatch.setenv("HOME", str(home))
    (home / "cache" / "bin").mkdir(parents=True)
    return home
