"""Mishaps, and the registry of all kinds.

A mishap is a context manager: it breaks something when it is entered, and
ends what must not last when it is left. It raises `Wrong` for what only it
can see, such as a foreign container that the kit has touched.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.world import World

    Generator: TypeAlias = Callable[[World], Iterator[None]]

# The commands of the kit that a round may be about.
UP: Final = "up"
START: Final = "start"
RESET: Final = "reset"
GRADE: Final = "grade"
FULL: Final = "grade --full"
HINT: Final = "hint"
STATUS: Final = "status"
DOWN: Final = "down"

# After these, what a student has done in the lab is still there.
LOOKING: Final = (GRADE, HINT, STATUS)
KEEPING: Final = (*LOOKING, UP)
PLAYBOOKS: Final = (UP, START, RESET)
USUAL: Final = (*KEEPING, START, RESET)
LABS: Final = ("1", "2", "3", "4", "5")

# When a mishap comes: before the command, or in its course.
BEFORE: Final = "before"
DURING: Final = "during"

# What a kind may need of the machine: root's rights, or an engine that the
# kit has started and that runs nothing but this lab.
ROOT: Final = "root"
ENGINE: Final = "engine"


class Wrong(Exception):  # noqa: N818 - a verdict, as CheckFailed is
    """What the kit did is not right."""


@dataclass(frozen=True)
class Mishap:
    """One kind of mishap, and what is expected of the kit."""

    kind: str
    about: str
    """One sentence for the docs."""
    strike: Callable[[World], AbstractContextManager[None]]
    commands: tuple[str, ...] = USUAL
    when: tuple[str, ...] = (BEFORE,)
    back: str = ""
    """The command back; "" for the one that the message names."""
    keeps: bool = False
    """Cluster and work are still there, if the commands keep them."""
    deed: bool = False
    """The student's own deed: until the way back, checks may fail."""
    lasts: bool = False
    """It lasts until the verdict, not only until the command has ended."""
    labs: tuple[str, ...] = LABS
    needs: tuple[str, ...] = ()
    cheap: bool = False
    """For the short form: seconds, and nothing is created again."""
    refuses: tuple[str, ...] = ()
    """Commands that cannot be done, and must say so."""
    says: str = ""
    """A pattern for what a command must say that fails by it."""
    paused: bool = False
    """It strikes while `grade --full` has paused a node of a solved lab."""


MISHAPS: Final[dict[str, Mishap]] = {}


def mishap(kind: str, **more: Any) -> Callable[[Generator], Generator]:  # noqa: ANN401 - the fields of Mishap
    """Register a generator that yields once as a mishap.

    Its docstring is the sentence for the docs.
    """

    def register(generator: Generator) -> Generator:
        assert kind not in MISHAPS, f"{kind} must come once"
        about = (generator.__doc__ or "").splitlines()[0].rstrip(".")
        MISHAPS[kind] = Mishap(kind, about, contextmanager(generator), **more)
        return generator

    return register
