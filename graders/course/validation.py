"""What can be wrong with a lab's folder, each in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from graders.errors import UsageError, one_line
from graders.grading.result import printable
from graders.plan.plan import VARS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

NAME_PATTERN: Final = "^[a-z][a-z0-9_]*$"
SLUG_PATTERN: Final = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

_PATTERNS: Final = {
    NAME_PATTERN: "of a-z, 0-9 and _, with a letter first",
    SLUG_PATTERN: "of a-z, 0-9 and -, with no - at either end",
}
_VALUE: Final = 60
_SUFFIXES: Final = (".yml", ".yaml")
_RULES: Final = {
    "missing": "must be given",
    "extra_forbidden": "is not a key that {file} knows",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be keys with values",
    "model_type": "must be keys with values",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be one of {expected}",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "must be {words}",
    "too_short": "must have {min_length} or more entries",
}
_WITHOUT_VALUE: Final = ("missing", "extra_forbidden", "too_short")
_LADDER: Final = "must have exactly three rungs"


class _Loader(yaml.SafeLoader):
    """A safe loader that does not let a second key hide the first."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - PyYAML's own signature
    ) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} must be given only once",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(file: Path, place: str) -> dict[Any, Any]:
    """Return the keys and values in `file`, which messages call `place`.

    Raises:
        UsageError: it cannot be read, is not YAML, or has no keys.

    """
    try:
        raw = _load(file)
    except OSError as error:
        raise UsageError(
            f"{place} must be a readable file: {error.strerror}"
        ) from error
    except yaml.MarkedYAMLError as error:
        raise UsageError(_yaml_problem(place, error)) from error
    except Exception as error:
        # PyYAML lets through whatever its constructors raise.
        raise UsageError(f"{place} must be YAML: {error!r}") from error
    if not isinstance(raw, dict):
        raise UsageError(f"{place} must be keys with values, not {cut(raw)}")
    return raw


def model_problem(
    error: ErrorDetails,
    file: str = "lab.yml",
    patterns: Mapping[str, str] = _PATTERNS,
) -> str:
    """Return one line for what pydantic found wrong in `file`.

    `patterns` has, by pattern, what may stand there, in words.
    """
    loc, value = error["loc"], error["input"]
    where = ".".join(str(part) for part in loc if part != "[key]")
    kind, context = error["type"], error.get("ctx", {})
    context["words"] = patterns.get(context.get("pattern", ""))
    context["file"] = file
    if "hints" in loc and kind in {"too_short", "too_long"}:
        return printable(f"{where} {_LADDER}, not {len(value)}")
    rule = _RULES.get(kind, f"must be valid: {one_line(error['msg'])}")
    line = f"{where} {rule.format(**context)}"
    if kind not in _WITHOUT_VALUE:
        line += f", not {cut(value)}"
    return printable(line)


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
        lines += _number_problems(f"{at}.numbers", variant)
    found = [printable(f"{place}/lab.yml: {line}") for line in lines]
    if not (folder / "README.md").is_file():
        found.append(f"{place}/README.md must be there: it is the brief")
    return found + [
        printable(f"{place}/{line}")
        for line in _fault_problems(folder, variants)
    ]


def cut(value: object) -> str:
    """Return a value as one short line."""
    return one_line(repr(value), _VALUE)


def _load(file: Path) -> object:
    text = file.read_text(encoding="utf-8")
    return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader


def _yaml_problem(place: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line = f":{mark.line + 1}" if mark else ""
    return printable(f"{place}{line} must be YAML: {error.problem}")


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
    for pair in _map(variant, "numbers").items():
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
