"""Chaos in its short form: the same rounds each time."""

from __future__ import annotations

from typing import Final

import pytest

from tests.chaos.cli import main

from .conftest import STUDENT

# Some kinds freeze the engine.
pytestmark = [pytest.mark.usefixtures("fresh"), pytest.mark.machine]


# Some six minutes.
ROUNDS: Final = "20"


def test_rounds(capfd: pytest.CaptureFixture[str]) -> None:
    """After each mishap one command leads to the right verdict."""
    brief = ("--rounds", ROUNDS, "--seed", "7", "--quick", "--labs", "1,3")

    status = main([*brief, "--student", STUDENT, "--keep"])

    assert status == 0, capfd.readouterr().out
