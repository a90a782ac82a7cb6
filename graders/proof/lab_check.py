"""Check labs for all that an author can get wrong, without a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders import settings
from graders.course.listings import outdated
from graders.course.rules.faults import fault_problems
from graders.course.rules.manifests import manifest_problems
from graders.course.rules.texts import (
    BRIEF,
    checks_in_brief,
    number_problems,
    text_problems,
)
from graders.course.solutions import all_repairs, check_solutions
from graders.course.templates import VOCABULARY
from graders.course.walkthrough import shown
from graders.errors import KitError
from graders.grading.check_run import describe
from graders.grading.check_spec import check_functions, check_name, read_spec
from graders.plan.plan import make_plan
from graders.yamlfile import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.checks.check import CheckSpec
    from graders.course.lab import Lab


def lab_problems(lab: Lab) -> list[str]:
    """Return all that is wrong with a lab, one `file:line: rule` each.

    What read_lab refuses is not looked for again.
    """
    return [
        *text_problems(lab),
        *manifest_problems(lab),
        *fault_problems(lab),
        *_ladder_problems(lab),
        *_grader_problems(lab),
        *check_solutions(lab),
        *_repair_problems(lab),
    ]


def course_problems(labs: list[Lab]) -> Iterator[str]:
    """Return what is wrong with what labs share, and between labs."""
    yield from number_problems(VOCABULARY)
    ids = {lab.id for lab in labs}
    for folder in sorted(settings.SOLUTIONS.iterdir()):
        if folder.name not in ids:
            yield f"{shown(folder)}: labs/ has no such lab"
    graders = {lab.grader_file for lab in labs}
    for file in sorted((settings.ROOT / "graders/labs").glob("test_*.py")):
        if file not in graders:
            yield f"{shown(file)}:1: labs/ has no such lab"
    for file in outdated():
        yield (
            f"{shown(file)}: its lists are out of date; run"
            " `.venv/bin/lab check --write`"
        )


def _ladder_problems(lab: Lab) -> Iterator[str]:
    """Whatever fails first, there must be a hint for it."""
    file = lab.folder / "lab.yml"
    for name, variant in lab.variants.items():
        for check in lab.checks:
            if check not in variant.hints and check not in lab.hints:
                line = line_of(file, ["variants", name])
                yield (
                    f"{shown(file)}:{line}: variant {name} must have hints"
                    f" for {check}, or the lab must"
                )


def _grader_problems(lab: Lab) -> Iterator[str]:
    """Compare the grader file with lab.yml and the brief."""
    file, place = lab.grader_file, shown(lab.grader_file)
    if not file.is_file():
        yield f"{place}: must be there, it has the checks"
        return
    try:
        functions = check_functions(file)
    except Exception as error:  # noqa: BLE001 - whatever an author writes
        yield f"{place}: could not be read: {describe(error)}"
        return
    specs: dict[str, CheckSpec] = {}
    earlier: list[str] = []
    values = make_plan().as_vars()
    for function in functions:
        name = check_name(function.__name__)
        try:
            specs[name] = read_spec(function, earlier, lab.checks, values)
        except KitError as error:
            line = function.__code__.co_firstlineno
            yield f"{place}:{line}: {function.__name__}: {error}"
        earlier.append(name)
    yaml_file = lab.folder / "lab.yml"
    for name in lab.checks:
        if name not in earlier:
            line = line_of(yaml_file, ["checks", name])
            yield f"{shown(yaml_file)}:{line}: {place} has no check {name}"
    yield from _layer_problems(lab, specs)
    yield from _table_problems(lab, specs)


def _layer_problems(lab: Lab, specs: dict[str, CheckSpec]) -> Iterator[str]:
    """Compare the layer of a variant with that of the check it breaks."""
    file = lab.folder / "lab.yml"
    for name, variant in lab.variants.items():
        spec = specs.get(variant.breaks)
        if spec and spec.layer != variant.layer:
            line = line_of(file, ["variants", name, "layer"])
            yield (
                f"{shown(file)}:{line}: layer must be that of check"
                f" {variant.breaks}, {spec.layer}, not {variant.layer}"
            )


def _table_problems(lab: Lab, specs: dict[str, CheckSpec]) -> Iterator[str]:
    """Find checks of every variant that the brief's table lacks."""
    named = checks_in_brief(lab)
    brief = shown(lab.folder / BRIEF)
    line = max(named.values(), default=1)
    for name, spec in specs.items():
        if name not in named and not spec.variants:
            yield f"{brief}:{line}: the table of checks must have `{name}`"


def _repair_problems(lab: Lab) -> Iterator[str]:
    """Each variant must have wrong repairs, and another right one."""
    if check_solutions(lab):
        return
    for name, repairs in all_repairs(lab).items():
        folder = shown(repairs.solution.parent)
        if not repairs.wrong:
            yield f"{folder}/wrong: must have a repair for {name}"
        if not repairs.other:
            yield f"{folder}/other: must have a repair for {name}"
