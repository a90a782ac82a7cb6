"""What a grader file and lab.yml together say of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from graders.checks.check import get_spec
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    import pytest

    from graders.course.lab import Layer
    from graders.grading.verdict import Verdict


class PlanLike(Protocol):
    """What grading needs of a plan."""

    @property
    def student(self) -> str:
        """Whose lab it is."""

    def as_vars(self) -> dict[str, Any]:
        """Return the numbers that sentences and hints may name."""


class SessionLike(Protocol):
    """What grading needs of a session; checks know the rest."""

    @property
    def plan(self) -> PlanLike:
        """The plan of the lab that is graded."""

    @property
    def measured(self) -> Mapping[str, str]:
        """What checks have measured, by their names."""


@dataclass(frozen=True)
class PlannedCheck:
    """A check, and the points `of` it; its variants, () for all."""

    name: str
    of: int
    layer: Layer | None = None
    sentence: str = ""
    needs: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    full: bool = False
    alone: bool = False


@dataclass
class Run:
    """A check on its way: what it took so far, what first went wrong."""

    seconds: float = 0.0
    trouble: Verdict | None = None


def name_of(item: pytest.Item) -> str:
    """Return a check's name."""
    return item.name.removeprefix("test_")


def read_check(
    test: pytest.Function,
    before: Container[str],
    points: Mapping[str, int],
    names: dict[str, Any],
) -> PlannedCheck:
    """Return what the file says about a check, and its points.

    Raises:
        KitError: the file and lab.yml do not fit together.

    """
    spec, name = get_spec(test.function), name_of(test)
    if spec is None:
        raise KitError("a check must be marked with @check")
    if name not in points:
        raise KitError(f"lab.yml must give points to check {name}")
    for need in spec.needs:
        if need not in before:
            raise KitError(f"needs must name a check above, not {need!r}")
    sentence = _sentence(test, names)
    return PlannedCheck(name, points[name], sentence=sentence, **vars(spec))


def _sentence(test: pytest.Function, names: dict[str, Any]) -> str:
    """Return the docstring's first line with the plan's numbers in it.

    Raises:
        KitError: there is none, or it names what the plan does not have.

    """
    lines = (test.function.__doc__ or "").strip().splitlines()
    if not lines:
        raise KitError("a check must have a docstring, which is its sentence")
    try:
        return lines[0].format_map(names).rstrip(" .")
    except (LookupError, ValueError, AttributeError) as error:
        raise KitError(
            f"the docstring must name what the plan has, not {error}"
        ) from error
