"""Pages of reference, from the code: commands, lab.yml, result, benchmarks."""

from __future__ import annotations

import inspect
import json
import statistics
from typing import TYPE_CHECKING, Any, Final

import typer.main

from graders.cli.main import grade_app, lab_app
from graders.course.lab import LabFile, Variant
from graders.errors import UsageError
from graders.grading.result import CheckResult, GradeResult
from graders.proof import bench
from graders.site.charts import charts
from graders.site.fragments import Fragment, GeneratedPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

    from graders.proof.bench import Figure
    from graders.site.fragments import Diagnostics

_COMMANDS: Final = """\
# Commands

All commands are in `.venv/bin`; `make` has short forms of the frequent ones.
Exit codes: 0 done (for `grade`: solved), 1 not solved or not proven,
2 wrong usage, 3 could not check or could not do it, 130 interrupted.

The environment variable `STUDENT` replaces `--student`; `IMAGES`,
`IMAGES_FILE`, `REGISTRY` and `REGISTRY_DIGESTS` choose
[where images come from](../images.md).
"""
_LAB: Final = """\
# lab.yml

Every lab has a `lab.yml`;
[Contributing](../contributing.md#add-a-lab) says how to write one.
Keys that are not listed here are refused. All problems are reported together,
with file and key.
"""
_RESULT: Final = """\
# The result's schema

What `grade --json` prints;
[the result as JSON](../json.md) says what each key means.
"""
BENCH_URI: Final = "bench.md"
BENCH_MARK: Final = "<!-- figures -->"
CHARTS_MARK: Final = "<!-- charts -->"
_BENCH: Final = """\
| what | n | median | worst | wanted | measured |
|---|---|---|---|---|---|"""


def commands_page() -> GeneratedPage:
    """Return the page of all commands."""
    text = "\n".join(
        [
            _COMMANDS,
            *_command("grade", typer.main.get_command(grade_app)),
            *_command("lab", typer.main.get_command(lab_app)),
        ]
    )
    piece = Fragment(text, "docs/reference/commands")
    return GeneratedPage("reference/commands.md", "Commands", (piece,))


def _command(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own class is not public
    inner = getattr(command, "commands", {})
    for word, verb in inner.items():
        yield from _command(f"{name} {word}", verb)
    if inner:
        return
    yield f"## {name}\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    yield f"```text\n{' '.join([name, *map(_usage, command.params)])}\n```\n"
    explained = [at for at in command.params if getattr(at, "help", None)]
    if explained:
        yield "| what | meaning |\n|---|---|"
        yield from (f"| `{_parameter(at)}` | {at.help} |" for at in explained)
        yield ""


def _usage(parameter: Any) -> str:  # noqa: ANN401 - as above
    name = _parameter(parameter)
    if not name.startswith("-") or getattr(parameter, "is_flag", False):
        return name if parameter.required else f"[{name}]"
    return f"[{name} {parameter.metavar or parameter.name.upper()}]"


def _parameter(parameter: Any) -> str:  # noqa: ANN401 - as above
    if parameter.param_type_name == "argument":
        return str(parameter.name.upper())
    return str(parameter.opts[0])


def lab_schema_page() -> GeneratedPage:
    """Return the page of lab.yml."""
    text = "\n".join(
        [
            _LAB,
            "## The file\n",
            _model_table(LabFile),
            "## Each of `variants`\n",
            _model_table(Variant),
        ]
    )
    piece = Fragment(text, "docs/reference/lab-yml")
    return GeneratedPage("reference/lab-yml.md", "lab.yml", (piece,))


def result_schema_page() -> GeneratedPage:
    """Return the page of the result, with its whole JSON schema."""
    schema = json.dumps(GradeResult.model_json_schema(), indent=1)
    text = "\n".join(
        [
            _RESULT,
            "## The document\n",
            _model_table(GradeResult),
            "## Each of `checks`\n",
            _model_table(CheckResult),
            "## JSON Schema\n",
            f"```json\n{schema}\n```\n",
        ]
    )
    piece = Fragment(text, "docs/reference/result")
    return GeneratedPage(
        "reference/result.md", "The result's schema", (piece,)
    )


def _model_table(model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    named = schema.get("$defs", {})
    parts = schema["properties"].values()
    explained = any(part.get("description") for part in parts)
    head = ["key", "type", "required", *(["meaning"] if explained else [])]
    rows = []
    for key, part in schema["properties"].items():
        must = "yes" if key in schema.get("required", ()) else "no"
        meaning = [" ".join(part.get("description", "").split())]
        cells = [f"`{key}`", _type(part, named), must]
        rows.append([*cells, *(meaning if explained else [])])
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _type(part: dict[str, Any], named: dict[str, Any]) -> str:
    """Say in words what a part of a JSON schema lets through."""
    if "$ref" in part:
        return _type(named[part["$ref"].rpartition("/")[2]], named)
    if "anyOf" in part:
        return " or ".join(_type(item, named) for item in part["anyOf"])
    if "enum" in part:
        return "one of " + ", ".join(f"`{item}`" for item in part["enum"])
    if "const" in part:
        return f"`{json.dumps(part['const'])}`"
    if "additionalProperties" in part and part.get("type") == "object":
        return _mapping(part, named)
    return _plain(part, named)


def _mapping(part: dict[str, Any], named: dict[str, Any]) -> str:
    inner = part["additionalProperties"]
    if not isinstance(inner, dict):
        return "keys with values"
    return f"names, each with {_type(inner, named)}"


def _plain(part: dict[str, Any], named: dict[str, Any]) -> str:
    kind = part.get("type")
    if kind == "array":
        least, most = part.get("minItems"), part.get("maxItems")
        count = f"{least} " if least and least == most else ""
        some = f", {least} or more" if least and least != most else ""
        return f"list of {count}{_type(part['items'], named)}{some}"
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "null": "null",
    }
    positive = " above 0" if part.get("exclusiveMinimum") == 0 else ""
    return words.get(str(kind), str(kind)) + positive


def with_figures(text: str, problems: Diagnostics) -> str:
    """Return the page's Markdown with charts and table in their places."""
    for mark, what in ((CHARTS_MARK, "charts are"), (BENCH_MARK, "table is")):
        if mark not in text:
            problems.add(
                f"docs/{BENCH_URI}", 0, f"{mark} must be where the {what}"
            )
    try:
        figures = bench.load_figures(bench.FILE)
    except UsageError as error:
        problems.problems.extend(error.problems)
        return text
    text = text.replace(CHARTS_MARK, charts(figures))
    return text.replace(BENCH_MARK, bench_table(figures))


def bench_table(rows: Sequence[Figure]) -> str:
    """Return one table in Markdown for each machine."""
    return "\n".join(_bench_tables(rows)) or "Nothing has been measured yet."


def _bench_tables(rows: Sequence[Figure]) -> Iterator[str]:
    for machine in dict.fromkeys(figure.machine for figure in rows):
        yield f"On a machine with {machine}:\n\n{_BENCH}"
        yield from (
            _bench_row(figure) for figure in rows if figure.machine == machine
        )
        yield ""


def _bench_row(figure: Figure) -> str:
    median = _number(figure, statistics.median(figure.values))
    worst = _number(figure, max(figure.values))
    day = figure.date.isoformat()
    return (
        f"| {figure.name} | {len(figure.values)} | {median} | {worst}"
        f' | {figure.wanted} | <time datetime="{day}">{day}</time> |'
    )


def _number(figure: Figure, value: float) -> str:
    whole = all(each.is_integer() for each in figure.values)
    digits = 0 if whole else 3 if figure.unit == "cores" else 1
    return f"{value:.{digits}f} {figure.unit}"
