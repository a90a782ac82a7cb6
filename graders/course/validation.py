"""What can be wrong with a lab's folder, each in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graders.errors import printable
from graders.plan.plan import VARS
from graders.yamlfile import cut, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_SUFFIXES: Final = (".yml", ".yaml")


# What is wrong, and the keys of lab.yml that lead to it.
_Problem: TypeAlias = tuple[tuple[str, ...], str]


def folder_problems(folder: Path, raw: dict[Any, Any]) -> list[str]:
    """Return what does not fit together in a lab's folder.

    `raw` is lab.yml as it was read: values of the wrong type are passed
    over, so that all problems can be reported at once.
    """
    place, file = f"labs/{folder.name}", folder / "lab.yml"
    checks, variants = _map(raw, "checks"), _map(raw, "variants")
    problems = [*_variant_problems(raw), *_ladder_problems((), raw, checks)]
    for name, variant in variants.items():
        keys = ("variants", str(name))
        problems += _ladder_problems(keys, variant, checks)
        problems += _number_problems(keys, variant)
    lines = [
        f"lab.yml:{line_of(file, keys)}: {'.'.join(keys)} {rule}"
        for keys, rule in problems
    ]
    if not (folder / "README.md").is_file():
        lines.append("README.md must be there: it is the brief")
    lines += _fault_problems(folder, variants)
    return [printable(f"{place}/{line}") for line in lines]


def _map(raw: object, key: str) -> dict[Any, Any]:
    """Return the keys and values under `key`, none if there are none."""
    value = raw.get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, dict) else {}


def _variant_problems(raw: dict[Any, Any]) -> Iterator[_Problem]:
    """Each variant breaks a check for which there is a ladder of hints."""
    checks, shared = _map(raw, "checks"), _map(raw, "hints")
    for name, variant in _map(raw, "variants").items():
        breaks = variant.get("breaks") if isinstance(variant, dict) else None
        if not isinstance(breaks, str):
            continue
        if breaks not in checks:
            yield (
                ("variants", str(name), "breaks"),
                f"must name a check ({_names(checks)}), not {cut(breaks)}",
            )
        elif breaks not in {*_map(variant, "hints"), *shared}:
            yield (
                ("variants", str(name), "hints"),
                f"must have a ladder for {breaks}, the check that it breaks",
            )


def _ladder_problems(
    keys: tuple[str, ...], holder: object, checks: dict[Any, Any]
) -> Iterator[_Problem]:
    for name in _map(holder, "hints"):
        if name not in checks:
            yield (
                (*keys, "hints"),
                f"must name checks ({_names(checks)}), not {cut(name)}",
            )


def _number_problems(
    keys: tuple[str, ...], variant: object
) -> Iterator[_Problem]:
    """See that a number of the plan is replaced by another of it."""
    for pair in _map(variant, "plan_overrides").items():
        for name in pair:
            if isinstance(name, str) and name not in VARS:
                yield (
                    (*keys, "plan_overrides"),
                    f"must have names of the plan's numbers, not {cut(name)}",
                )


def _fault_problems(folder: Path, variants: dict[Any, Any]) -> Iterator[str]:
    """Each variant has its file in faults/, and no other file is there."""
    wanted = {f"{name}.yml" for name in variants}
    faults = folder / "faults"
    there = {
        file.name for file in faults.glob("*") if file.suffix in _SUFFIXES
    }
    for name in sorted(wanted - there):
        yield f"faults/{name} must be there: lab.yml names the variant"
    for name in sorted(there - wanted):
        yield f"faults/{name} must not be there: lab.yml has no such variant"


def _names(checks: dict[Any, Any]) -> str:
    return ", ".join(map(str, checks)) or "there is none"
