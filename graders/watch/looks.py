"""The checks of a lab as far as `lab watch` judges them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graders.course.lab import LAYERS
from graders.errors import KitError
from graders.grading.check_run import describe
from graders.grading.check_spec import (
    check_functions,
    check_name,
    read_spec,
)

if TYPE_CHECKING:
    from graders.checks.check import CheckSpec, Look
    from graders.checks.session import Session


@dataclass(frozen=True)
class Watched:
    """A check, and what is run of it; None if only a grade runs it."""

    spec: CheckSpec
    look: Look | None


def read_looks(session: Session) -> list[Watched]:
    """Return the checks of the running lab's variant, layer by layer.

    The layers are in the order of the module. A check that needs one that
    only a grade runs is run by a grade only, too.

    Raises:
        KitError: the grader file cannot be read.

    """
    lab = session.lab
    try:
        functions = check_functions(lab.grader_file)
    except Exception as error:
        raise KitError(
            f"could not read {lab.grader_file.name}: {describe(error)}"
        ) from error
    values = session.plan.as_vars()
    specs: dict[str, Watched] = {}
    names: list[str] = []
    for function in functions:
        spec = read_spec(function, names, lab.checks, values)
        names.append(check_name(function.__name__))
        if spec.variants and session.variant not in spec.variants:
            continue
        needed = [specs[need] for need in spec.needs if need in specs]
        look = spec.watched(function)
        seen = all(one.look for one in needed)
        specs[spec.name] = Watched(spec, look if seen else None)
    return sorted(specs.values(), key=_layer)


def _layer(watched: Watched) -> int:
    return LAYERS.index(watched.spec.layer) if watched.spec.layer else -1
