"""Ctrl-C before a command has begun."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from graders.cli import entry

if TYPE_CHECKING:
    from collections.abc import Callable


class Slow(ModuleType):
    """A module that takes so long that somebody types Ctrl-C."""

    def __getattr__(self, name: str) -> object:
        """Be interrupted."""
        raise KeyboardInterrupt


@pytest.mark.parametrize("command", [entry.lab, entry.grade])
def test_interrupted_at_once(
    command: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as an interrupted program does, without a traceback."""
    monkeypatch.setitem(
        sys.modules, "graders.cli.main", Slow("graders.cli.main")
    )

    with pytest.raises(SystemExit) as ended:
        command()

    assert ended.value.code == 130
