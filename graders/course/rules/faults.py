"""Rules for the Ansible tasks of a lab: faults, and tasks they include."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jinja2
import yaml

from graders import settings
from graders.course.rules.texts import PLANS
from graders.course.templates import names_in
from graders.course.walkthrough import shown
from graders.yamlfile import WithoutAliases, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graders.course.lab import Lab

# The tasks that include a fault.
_CALLER: Final = settings.ANSIBLE / "roles" / "lab" / "tasks" / "start.yml"
_INCLUDE: Final = "ansible.builtin.include_tasks"
_INCLUDED: Final = re.compile(
    r"\{\{ (lab_dir \}\}/tasks|shared_tasks \}\})/([\w-]+\.yml)"
)
# They report by themselves whether they changed something.
_STATE_MODULES: Final = {"lab_certificate", "lab_objects", "lab_patch"}
_VARIABLES: Final = settings.ANSIBLE / "group_vars" / "all.yml"
_INVENTORY: Final = settings.INVENTORY / "localhost.yml"
# Names that Ansible defines.
_ANSIBLE_NAMES: Final = {"item", "lookup", "omit", "playbook_dir", "query"}
_CONDITIONS: Final = ("failed_when", "until", "when")
_PLACES: Final = {None, *PLANS[0].nodes, *PLANS[0].machines}
_ENGINE: Final = re.compile(r"docker,? exec")


class _Loader(WithoutAliases, yaml.SafeLoader):
    """A loader of tasks."""


def fault_problems(lab: Lab) -> list[str]:
    """Return what is wrong with a lab's tasks, each problem once."""
    folder = lab.folder
    files = [*sorted(folder.glob("faults/*.yml")), folder / "prepare.yml"]
    included: set[Path] = set()
    known = _given_names()
    problems = [
        problem
        for file in files
        if file.is_file()
        for problem in _file_problems(lab, file, known, included)
    ]
    problems += [
        f"{shown(file)}:1: no fault includes it"
        for file in sorted(folder.glob("tasks/*.yml"))
        if file not in included
    ]
    return list(dict.fromkeys(problems))


def _given_names() -> set[str]:
    """Return what a fault may use: the plan's, the kit's, its caller's."""
    known = set(_ANSIBLE_NAMES) | PLANS[0].as_vars().keys()
    known |= yaml.safe_load(_VARIABLES.read_text(encoding="utf-8")).keys()
    inventory = yaml.safe_load(_INVENTORY.read_text(encoding="utf-8"))
    known |= inventory["all"]["hosts"]["localhost"].keys()
    for task in _tasks(_CALLER):
        known |= _names(task) | task.get("vars", {}).keys()
    return known


def _file_problems(
    lab: Lab, file: Path, known: set[str], included: set[Path]
) -> Iterator[str]:
    """Check a file with tasks, and the files that it includes."""
    try:
        tasks = _tasks(file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield f"{shown(file)}:{line}: {error.problem}"
        return
    registered = {task["register"] for task in tasks if "register" in task}
    for number, text in enumerate(
        file.read_text(encoding="utf-8").splitlines(), start=1
    ):
        if _ENGINE.search(text):
            yield (
                f"{shown(file)}:{number}: name a machine (`machine: router`)"
                " instead of docker"
            )
    for index, task in enumerate(tasks):
        place = f"{shown(file)}:{line_of(file, [index])}"
        for rule in _task_rules(task, known | registered):
            yield f"{place}: {rule}"
        if _INCLUDE not in task:
            continue
        inner = _included(lab, task)
        if inner is None:
            yield f"{place}: includes a file that is not in tasks/"
            continue
        included.add(inner)
        inner_names = known | task.get("vars", {}).keys()
        yield from _file_problems(lab, inner, inner_names, included)


def _tasks(file: Path) -> list[dict[str, Any]]:
    text = file.read_text(encoding="utf-8")
    tasks: list[dict[str, Any]] = yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader
    return tasks


def _included(lab: Lab, task: dict[str, Any]) -> Path | None:
    """Return the file that a task includes, of the lab or of all labs."""
    match = _INCLUDED.fullmatch(str(task[_INCLUDE]))
    if not match:
        return None
    root = lab.folder if match[1][0] == "l" else settings.ANSIBLE
    file = root / "tasks" / match[2]
    return file if file.is_file() else None


def _task_rules(task: dict[str, Any], known: set[str]) -> Iterator[str]:
    """Say what is wrong with one task."""
    try:
        unknown = _names(task) - known - task.get("vars", {}).keys()
    except jinja2.TemplateSyntaxError as error:
        yield str(error)
        return
    for name in sorted(unknown):
        yield f"{name!r} is a name of neither the plan nor the playbook"
    if _INCLUDE in task:
        return
    if _STATE_MODULES & task.keys():
        if "changed_when" in task:
            yield "must not have changed_when: its module knows what changed"
    elif "lab_exec" in task:
        yield from _command_rules(task)
    else:
        modules = ", ".join(sorted({*_STATE_MODULES, "lab_exec", _INCLUDE}))
        yield f"must use one of {modules}"


def _command_rules(task: dict[str, Any]) -> Iterator[str]:
    """Commands wait for something or look at it, on a machine of the lab."""
    if task.get("changed_when", False) is not False:
        yield "must have changed_when: false; use lab_patch for changes"
    for place in sorted(_machines(task) - _PLACES, key=str):
        yield f"machine must be a role of the lab, not {place!r}"


def _machines(task: dict[str, Any]) -> set[str | None]:
    """Return where a task runs its command."""
    place, loop = task["lab_exec"].get("machine"), task.get("loop", [])
    if place != "{{ item }}":
        return {place}
    return {*PLANS[0].nodes} if loop == "{{ nodes | list }}" else {*loop}


def _names(value: object, key: str = "") -> set[str]:
    """Return the names that the templates anywhere in `value` use."""
    if isinstance(value, dict):
        return {
            name
            for key, item in value.items()
            for name in _names(item, str(key))
        }
    if isinstance(value, list):
        return {name for item in value for name in _names(item, key)}
    if not isinstance(value, str):
        return set()
    return names_in(f"{{{{ {value} }}}}" if key in _CONDITIONS else value)
