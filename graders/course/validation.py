"""What can be wrong with a lab's folder, each in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from graders.errors import printable
from graders.plan.plan import VARS
from graders.yamlfile import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_SUFFIXES: Final = (".yml", ".yaml")


def folder_problems(folder: Path, raw: dict[Any, Any]) -> list[str]:
    """Return what does not fit together in a lab's folder.

    `raw` is lab.yml as it was read: this looks past what has the wrong
    type, so that all problems can be told at once.
    """
    place = f"labs/{folder.name}"
    checks, variants = _map(raw, "checks"), _map(raw, "variants")
    lines = [*_variant_problems(raw), *_ladder_problems("hints", raw, checks)]
    for name, variant in variants.items():
        at = f"variants.{name}"
        lines += _ladder_problems(f"{at}.hints", variant, checks)
        lines += _number_problems(f"{at}.plan_overrides", variant)
    found = [printable(f"{place}/lab.yml: {line}") for line in lines]
    if not (folder / "README.md").is_file():
        found.append(f"{place}/README.md must be there: it is the brief")
    return found + [
        printable(f"{place}/{line}")
        for line in _fault_problems(folder, variants)
    ]


def _map(raw: object, key: str) -> dict[Any, Any]:
    """Return the keys and values under `key`, none if there are none."""
    value = raw.get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, dict) else {}


def _variant_problems(raw: dict[Any, Any]) -> Iterator[str]:
    """Each variant breaks a check for which there is a ladder of hints."""
    checks, shared = _map(raw, "checks"), _map(raw, "hints")
    for name, variant in _map(raw, "variants").items():
        breaks = variant.get("breaks") if isinstance(variant, dict) else None
        if not isinstance(breaks, str):
            continue
        if breaks not in checks:
            yield (
                f"variants.{name}.breaks must name a check"
                f" ({_names(checks)}), not {cut(breaks)}"
            )
        elif breaks not in {*_map(variant, "hints"), *shared}:
            yield (
                f"variants.{name}.hints must have a ladder for {breaks},"
                " the check that it breaks"
            )


def _ladder_problems(
    where: str, holder: object, checks: dict[Any, Any]
) -> Iterator[str]:
    for name in _map(holder, "hints"):
        if name not in checks:
            yield (
                f"{where} must have names of checks ({_names(checks)}),"
                f" not {cut(name)}"
            )


def _number_problems(where: str, variant: object) -> Iterator[str]:
    """See that a number of the plan is replaced by another of it."""
    for pair in _map(variant, "plan_overrides").items():
        for name in pair:
            if isinstance(name, str) and name not in VARS:
                yield (
                    f"{where} must have names of the plan's numbers,"
                    f" not {cut(name)}"
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
