"""Read YAML files strictly, and say where a problem is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from graders.errors import UsageError, one_line, printable
from graders.files import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails


_Model = TypeVar("_Model", bound=BaseModel)

NAME_PATTERN: Final = "^[a-z][a-z0-9_]*$"
SLUG_PATTERN: Final = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

_PATTERNS: Final = {
    NAME_PATTERN: "of a-z, 0-9 and _, with a letter first",
    SLUG_PATTERN: "of a-z, 0-9 and -, with no - at either end",
}
_VALUE: Final = 60
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


class WithoutAliases(yaml.parser.Parser, yaml.composer.Composer):
    """A part of loaders that refuses aliases.

    A few hundred bytes of them stand for gigabytes.
    """

    def compose_node(
        self, parent: yaml.Node | None, index: int
    ) -> yaml.Node | None:
        """Read the next node.

        Raises:
            yaml.MarkedYAMLError: it is an alias.

        """
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML's
            raise yaml.MarkedYAMLError(
                problem=f"alias *{event.anchor} must be written out",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


class _Loader(WithoutAliases, yaml.SafeLoader):
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
    raw = parse_yaml(file, place)
    if not isinstance(raw, dict):
        raise UsageError(f"{place} must be keys with values, not {cut(raw)}")
    return raw


def read_model(
    file: Path,
    model: type[_Model],
    patterns: Mapping[str, str] = _PATTERNS,
    name: str = "",
) -> _Model:
    """Return the content of a file as a model.

    `name` is what problems call the file, by default its own name; `patterns`
    says in words what each pattern of the model allows.

    Raises:
        UsageError: all that is wrong with it, by line.

    """
    raw = read_yaml(file, str(file))
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise UsageError(
            *(
                f"{file}:{line_of(file, item['loc'])}:"
                f" {model_problem(item, name or file.name, patterns)}"
                for item in error.errors(include_url=False)
            )
        ) from None


def read_entries(
    root: yaml.Node | None, raw: list[Any], model: type[_Model], place: str
) -> tuple[list[tuple[int, _Model]], list[str]]:
    """Return the entries of a list that fit a model, and what is wrong.

    `root` is the list with its lines. Each entry has its line.
    """
    entries, problems = [], []
    for at, item in enumerate(raw):
        try:
            entry = model.model_validate(item)
        except ValidationError as error:
            problems += [
                f"{place}:{line_in(root, (at, *one['loc']))}:"
                f" {model_problem(one, place)}"
                for one in error.errors(include_url=False)
            ]
        else:
            entries.append((line_in(root, (at,)), entry))
    return entries, problems


def parse_yaml(file: Path, place: str) -> object:
    """Return what `file` has, which messages call `place`.

    Raises:
        UsageError: it cannot be read, is too large, or is not YAML.

    """
    try:
        text = read_text(file)
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{place} must be a readable file: {cause}"
        ) from error
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.MarkedYAMLError as error:
        raise UsageError(_yaml_problem(place, error)) from error
    except Exception as error:
        # PyYAML lets through whatever its constructors raise.
        problem = one_line(repr(error), _VALUE)
        raise UsageError(f"{place} must be YAML: {problem}") from error


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


def cut(value: object) -> str:
    """Return a value as one short line."""
    return one_line(repr(value), _VALUE)


def _yaml_problem(place: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line = f":{mark.line + 1}" if mark else ""
    return printable(f"{place}{line} must be YAML: {error.problem}")


def line_of(file: Path, keys: Sequence[str | int]) -> int:
    """Return the line of a file, as `line_in` does."""
    return line_in(yaml.compose(read_text(file), _Loader), keys)


def line_in(node: yaml.Node | None, keys: Sequence[str | int]) -> int:
    """Return the line, from 1, on which what `keys` lead to begins.

    Where they lead nowhere it is the line of the last that is there.
    """
    line = 1
    for key in keys:
        found = _below(node, str(key))
        if found is None:
            break
        at, node = found
        line = at.start_mark.line + 1
    return line


def _below(
    node: yaml.Node | None, key: str
) -> tuple[yaml.Node, yaml.Node] | None:
    """Return a key's own place and its value, None without such a key."""
    if isinstance(node, yaml.SequenceNode):
        items = node.value
        at = int(key) if key.isdecimal() else len(items)
        return (items[at], items[at]) if at < len(items) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((at, to) for at, to in node.value if at.value == key), None)
