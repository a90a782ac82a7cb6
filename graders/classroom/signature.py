"""Whether a submission is signed, and its statement says what its files do."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from graders.classroom import statement
from graders.classroom.reasons import refused, shown, warning
from graders.course.folders import lab_paths
from graders.errors import MALFORMED, KitError
from graders.plan.ticket import parse_ticket
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.classroom.reasons import Reason
    from graders.classroom.submission import Submission


def signature(sent: Submission) -> tuple[str, list[Reason]]:
    """Return the key that has signed a submission, and what is wrong there.

    The key is "" if it was not signed, or was changed since.
    """
    try:
        predicate = statement.verify(sent.statement, sent.members)
    except KitError as error:
        problems = [refused("signature", it) for it in error.problems]
        return "", problems
    return predicate["key"], [
        *_contradictions(sent, predicate),
        *_grader(sent, predicate),
    ]


def _contradictions(
    sent: Submission, predicate: Mapping[str, Any]
) -> Iterator[Reason]:
    """Yield where the signed statement says other things than the files."""
    expected = statement.summary_of(sent.result, sent.plan)
    expected |= _nonce(sent.plan.ticket)
    for name, value in expected.items():
        if predicate.get(name) != value:
            yield refused(
                "signature",
                f"the statement says {name} {shown(predicate.get(name))}, and"
                f" the files {shown(value)}",
            )


def _nonce(envelope: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the nonce of a ticket, {} if there is none to read."""
    try:
        return {"nonce": parse_ticket(json.dumps(envelope)).nonce}
    except ValueError:
        return {}


def _grader(
    sent: Submission, predicate: Mapping[str, Any]
) -> Iterator[Reason]:
    """Yield if the student's kit judged by other files than this one."""
    for lab in lab_paths():
        if lab.name != sent.plan.lab:
            continue
        name = f"test_{lab.name.replace('-', '_')}.py"
        for file in (lab / "lab.yml", ROOT / "graders" / "labs" / name):
            own = sha256(file.read_bytes()).hexdigest()
            where = file.relative_to(ROOT).as_posix()
            if _digest(predicate, where) != own:
                yield warning("kit", f"graded by another {where} than here")


def _digest(predicate: Mapping[str, Any], name: str) -> str | None:
    """Return the digest of a file that the statement names, if it does."""
    try:
        (digest,) = {
            one["digest"]["sha256"]
            for one in predicate["configuration"]
            if one["name"] == name
        }
    except MALFORMED:
        return None
    return digest if isinstance(digest, str) else None
