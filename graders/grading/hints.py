"""Choose the next hint: a rung of the ladder of the first failed check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jinja2 import TemplateError

from graders.course.templates import render
from graders.errors import KitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graders.course.lab import Lab
    from graders.grading.result import CheckResult, GradeResult

_SOLVED: Final = "every check passes: there is no hint to give"


class Hint(NamedTuple):
    """A hint for `check`: rung `rung` of `total_rungs`, from 1.

    Both are 0 if there is no ladder; `text` then says why.
    """

    check: str
    text: str
    rung: int
    total_rungs: int


def next_hint(  # noqa: PLR0913 - a hint depends on all of them
    lab: Lab,
    variant: str,
    result: GradeResult,
    rung: int,
    *,
    plan_vars: Mapping[str, Any],
) -> Hint:
    """Return rung `rung` (from 1) for the first failed check of `result`.

    After the last rung comes the last again. The caller keeps count of
    rungs, by check.

    Raises:
        UsageError: the lab has no such variant.
        KitError: the hint uses a name that the plan does not have.

    """
    broken = _broken(lab, variant, result)
    if broken is None:
        return _without_failure(result)
    ladder = ladder_for(lab, variant, broken.name)
    if not ladder:
        return Hint(broken.name, _without_ladder(broken), 0, 0)
    rung = min(max(rung, 1), len(ladder))
    try:
        text = render(ladder[rung - 1], plan_vars).strip()
    except TemplateError as error:
        raise KitError(
            f"labs/{lab.id}/lab.yml: hints for {broken.name}, rung {rung},"
            f" must be a template of the plan's names: {error}"
        ) from error
    return Hint(broken.name, text, rung, len(ladder))


def ladder_for(lab: Lab, variant: str, check: str) -> list[str]:
    """Return the templates for `check`, the variant's before the lab's."""
    ladders = lab.variant(variant).hints
    return ladders.get(check) or lab.hints.get(check) or []


def _broken(lab: Lab, variant: str, result: GradeResult) -> CheckResult | None:
    """Return the first check that failed, or will with --full."""
    breaks = lab.variant(variant).breaks
    deferred = [check for check in result.deferred if check.name == breaks]
    return next(iter(result.failed + deferred), None)


def _without_failure(result: GradeResult) -> Hint:
    if not result.unchecked:
        return Hint("", _SOLVED, 0, 0)
    first = result.unchecked[0]
    text = f"nothing failed, but {first.name} could not be checked"
    return Hint(first.name, f"{text}: {first.reason}", 0, 0)


def _without_ladder(broken: CheckResult) -> str:
    return (
        f"there is no hint for this; look at the layer {broken.layer}:"
        f" {broken.reason}"
    )
