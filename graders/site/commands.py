"""The commands `grade` and `lab`, as their own code says."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

import typer.main

from graders.cli.main import grade_app, lab_app
from graders.site.fragments import Fragment, GeneratedPage

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = """\
# Commands

All commands are in `.venv/bin`; `make` has short forms of the frequent ones.
Exit codes: 0 done (for `grade`: solved), 1 not solved or not proven,
2 wrong usage, 3 could not check or could not do it, 130 interrupted.

The environment variable `STUDENT` replaces `--student`; `IMAGES`,
`IMAGES_FILE` and `REGISTRY` choose [where images come from](../images.md).
"""


def commands_page() -> GeneratedPage:
    """Return the page of all commands."""
    text = "\n".join(
        [
            _HEAD,
            *_section("grade", typer.main.get_command(grade_app)),
            *_section("lab", typer.main.get_command(lab_app)),
        ]
    )
    piece = Fragment(text, "docs/reference/commands")
    return GeneratedPage("reference/commands.md", "Commands", (piece,))


def _section(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - typer's own class is not public
    inner = getattr(command, "commands", {})
    for word, one in inner.items():
        yield from _section(f"{name} {word}", one)
    if inner:
        return
    yield f"## {name}\n"
    yield inspect.cleandoc(command.help or "") + "\n"
    yield f"```text\n{' '.join([name, *map(_usage, command.params)])}\n```\n"
    told = [one for one in command.params if getattr(one, "help", None)]
    if told:
        yield "| what | meaning |\n|---|---|"
        yield from (f"| `{_name(one)}` | {one.help} |" for one in told)
        yield ""


def _usage(parameter: Any) -> str:  # noqa: ANN401 - as above
    name = _name(parameter)
    if not name.startswith("-") or getattr(parameter, "is_flag", False):
        return name if parameter.required else f"[{name}]"
    return f"[{name} {parameter.metavar or parameter.name.upper()}]"


def _name(parameter: Any) -> str:  # noqa: ANN401 - as above
    if parameter.param_type_name == "argument":
        return str(parameter.name.upper())
    return str(parameter.opts[0])
