"""Programs of a machine that do not run, or that a signal has frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graders.providers.machine import Machine

_LIST: Final = ("ps", "-e", "-o", "stat=,comm=")
# States of `ps`: stopped by a signal, by a debugger; ended.
_FROZEN: Final = ("T", "t")
_ENDED: Final = ("Z", "X")


def frozen(machine: Machine) -> set[str]:
    """Return the programs that `kill -STOP`, or a debugger, has stopped.

    Raises:
        CannotCheck: the machine does not answer.

    """
    return {
        name for state, name in _states(machine) if state.startswith(_FROZEN)
    }


def halted(machine: Machine, names: Sequence[str]) -> list[str]:
    """Return those programs of `names` that do not run, or are frozen.

    Raises:
        CannotCheck: the machine does not answer.

    """
    states = _states(machine)
    running = {
        name
        for state, name in states
        if not state.startswith((*_FROZEN, *_ENDED))
    }
    return [name for name in names if states and name not in running]


def _states(machine: Machine) -> list[tuple[str, str]]:
    """Return state and name of each process, none if they cannot be listed."""
    words = [line.split() for line in machine.run(*_LIST).out.splitlines()]
    return [(line[0], line[1]) for line in words if len(line) > 1]
