"""The checks of a grader file, with their points from lab.yml."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from types import FunctionType
from typing import TYPE_CHECKING, Any

from graders.checks.check import get_spec
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from pathlib import Path

    from graders.checks.check import CheckSpec

PREFIX = "test_"


def check_name(function_name: str) -> str:
    """Return the name of the check that a function implements."""
    return function_name.removeprefix(PREFIX)


def read_spec(
    function: Callable[..., object],
    earlier: Container[str],
    points: Mapping[str, int],
    values: Mapping[str, Any],
) -> CheckSpec:
    """Return the complete spec of a check.

    `earlier` are the checks above it in the file, `points` those of lab.yml,
    and `values` the plan's numbers, which its sentence may name.

    Raises:
        KitError: the grader file and lab.yml do not fit together.

    """
    spec, name = get_spec(function), check_name(function.__name__)
    if spec is None:
        raise KitError("a check must be marked with @check")
    if name not in points:
        raise KitError(f"lab.yml must give points to check {name}")
    for need in spec.needs:
        if need not in earlier:
            raise KitError(f"needs must name a check above, not {need!r}")
    return replace(
        spec,
        name=name,
        sentence=_sentence(function, values),
        max_points=points[name],
    )


def _sentence(
    function: Callable[..., object], values: Mapping[str, Any]
) -> str:
    """Return the first line of the docstring with the plan's numbers in it."""
    lines = (function.__doc__ or "").strip().splitlines()
    if not lines:
        raise KitError("a check must have a docstring, which is its sentence")
    try:
        return lines[0].format_map(values).rstrip(" .")
    except (LookupError, ValueError, AttributeError) as error:
        raise KitError(
            f"the docstring must use names of the plan, not {error}"
        ) from error


def check_functions(file: Path) -> list[FunctionType]:
    """Return the checks of a grader file, in its order.

    Raises:
        Exception: whatever importing the file raises.

    """
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec  # noqa: S101 - a .py file has a loader
    assert spec.loader  # noqa: S101 - as above
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [
        function
        for name, function in vars(module).items()
        if name.startswith(PREFIX) and isinstance(function, FunctionType)
    ]
