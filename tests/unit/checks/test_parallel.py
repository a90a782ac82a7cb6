"""Calls for several machines at the same time."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from graders.checks.parallel import outputs_by_machine, run_parallel
from tests.fakes import says


def test_results_are_in_order() -> None:
    """All calls run at the same time: each waits for the other."""
    barrier = threading.Barrier(2)

    def double(number: int) -> int:
        barrier.wait(5)
        return number * 2

    assert run_parallel(double, [3, 1]) == [6, 2]


def test_the_first_error_is_raised() -> None:
    """The order of the items decides, not that of the errors."""

    def fail(text: str) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match="first"):
        run_parallel(fail, ["first", "second"])


def test_empty_outputs_are_left_out() -> None:
    """A machine where a command prints nothing is not in the result."""
    machines = {"router": says(" route\n"), "client": says("\n")}
    lab: Any = SimpleNamespace(machine=machines.get)

    assert outputs_by_machine(lab, machines, "ip") == {"router": "route"}
