"""A script that makes a lab what a submission's differences say.

It goes on after a command that fails, and ends with the number of those: what
was different on a student's cluster may be so on a fresh one already.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.classroom.submission import Differences

_HEAD: Final = """\
commands=0 failed=0
count() {
  commands=$((commands + 1))
  [ "$1" = 0 ] || failed=$((failed + 1))
}
put() {
  kubectl replace -f "$1" 2> error || kubectl create -f "$1" 2>> error \\
    || kubectl replace --force --grace-period=1 -f "$1" 2>> error \\
    || { tail -n 1 error >&2; false; }
  count $?
}
{
"""
# The script itself is standard input, which no command may read.
_FOOT: Final = 'echo "applied $commands $failed"\n} < /dev/null'
_COUNTS: Final = re.compile(r"applied (\d{1,9}) (\d{1,9})")


def to_script(differences: Differences) -> str:
    """Return a script for bash, in a folder that may be written."""
    lines = [
        *_objects(differences),
        *_machines(differences),
        *_answers(differences.answers),
    ]
    return "\n".join([_HEAD, *lines, _FOOT, ""])


def is_empty(differences: Differences) -> bool:
    """Tell whether nothing differs."""
    objects = differences.objects
    return not (
        objects.apply
        or objects.delete
        or any(one.typed for one in differences.machines.values())
        or differences.answers
    )


def counts(output: str) -> tuple[int, int] | None:
    """Return commands and failures by what the script printed last."""
    found = _COUNTS.fullmatch(output.rstrip().rpartition("\n")[2])
    return (int(found[1]), int(found[2])) if found else None


def _objects(differences: Differences) -> Iterator[str]:
    for document in differences.objects.apply:
        yield from _file("object.json", json.dumps(document, indent=1))
        yield "put object.json"
    for one in differences.objects.delete:
        reference: dict[str, Any] = {
            "apiVersion": one.api_version,
            "kind": one.kind,
            "metadata": {"name": one.name},
        }
        if one.namespace:
            reference["metadata"]["namespace"] = one.namespace
        yield from _file("object.json", json.dumps(reference, indent=1))
        yield "kubectl delete --ignore-not-found --timeout=60s -f object.json"
        yield "count $?"


def _machines(differences: Differences) -> Iterator[str]:
    for role, machine in differences.machines.items():
        for command in machine.typed:
            yield shlex.join(["on", role, "sh", "-c", command])
            yield "count $?"


def _answers(text: str | None) -> Iterator[str]:
    if text:
        yield from _file('"$LAB_ANSWERS"', text)


def _file(name: str, text: str) -> Iterator[str]:
    """Yield what writes a text as it is, whatever is in it."""
    yield f"printf %s {shlex.quote(text)} > {name}"
