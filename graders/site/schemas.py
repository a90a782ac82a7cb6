"""lab.yml and the result as tables, made from their own models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from graders.course.lab import LabFile, Variant
from graders.grading.result import CheckResult, GradeResult
from graders.site.fragments import Fragment, GeneratedPage

if TYPE_CHECKING:
    from pydantic import BaseModel

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


def lab_schema_page() -> GeneratedPage:
    """Return the page of lab.yml."""
    text = "\n".join(
        [
            _LAB,
            "## The file\n",
            _table(LabFile),
            "## Each of `variants`\n",
            _table(Variant),
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
            _table(GradeResult),
            "## Each of `checks`\n",
            _table(CheckResult),
            "## JSON Schema\n",
            f"```json\n{schema}\n```\n",
        ]
    )
    piece = Fragment(text, "docs/reference/result")
    return GeneratedPage(
        "reference/result.md", "The result's schema", (piece,)
    )


def _table(model: type[BaseModel]) -> str:
    schema = model.model_json_schema()
    named = schema.get("$defs", {})
    told = any(one.get("description") for one in schema["properties"].values())
    head = ["key", "type", "required", *(["meaning"] if told else [])]
    rows = []
    for key, part in schema["properties"].items():
        must = "yes" if key in schema.get("required", ()) else "no"
        meaning = [" ".join(part.get("description", "").split())]
        cells = [f"`{key}`", _type(part, named), must]
        rows.append([*cells, *(meaning if told else [])])
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _type(part: dict[str, Any], named: dict[str, Any]) -> str:
    """Say in words what a part of a JSON schema lets through."""
    if "$ref" in part:
        return _type(named[part["$ref"].rpartition("/")[2]], named)
    if "anyOf" in part:
        return " or ".join(_type(one, named) for one in part["anyOf"])
    if "enum" in part:
        return "one of " + ", ".join(f"`{one}`" for one in part["enum"])
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
