"""Where the kit's files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders import settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_root_is_the_checkout() -> None:
    """The root is the folder that has pyproject.toml."""
    assert (settings.ROOT / "pyproject.toml").is_file()


def test_state_moves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """METALLB_LAB_STATE moves the folders of all students."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))

    assert settings.state_dir("ann") == tmp_path / "ann"


def test_hosts_have_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A lab on hosts does not take the kubeconfig of one on containers."""
    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    monkeypatch.setenv("CLUSTER", "hosts")

    assert settings.state_dir("ann") == tmp_path / "ann.hosts"


def test_cache_moves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """METALLB_LAB_CACHE moves the cache."""
    monkeypatch.setenv("METALLB_LAB_CACHE", str(tmp_path))

    assert settings.cache_dir() == tmp_path


def test_default_is_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without variables, state and cache are apart, in the user's folders."""
    monkeypatch.delenv("METALLB_LAB_STATE", raising=False)
    monkeypatch.delenv("METALLB_LAB_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    found = {settings.state_dir("demo").parent, settings.cache_dir()}

    assert len(found) == 2
    assert all(path.is_relative_to(tmp_path) for path in found)


def test_a_replay_has_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other lab takes the first that is free."""
    assert settings.wanted_slot() is None
    monkeypatch.setenv("METALLB_LAB_SLOT", "3")

    assert settings.wanted_slot() == 3


def test_labs_are_confined_for_strangers_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A student's own lab is as it always was."""
    assert not settings.confined()
    monkeypatch.setenv("METALLB_LAB_CONFINED", "1")

    assert settings.confined()
