"""A student's answers in $LAB_ANSWERS: letters, or rows of an address plan.

The key to the letters is stored as salted hashes. It is no secret, but is
not read by chance.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import yaml

from graders.checks.check import fail
from graders.files import read_text
from graders.plan.written_ranges import written_addresses
from graders.settings import ROOT, state_dir
from graders.yamlfile import WithoutAliases

if TYPE_CHECKING:
    from pathlib import Path

    from graders.checks.session import Session
    from graders.plan.plan import Plan

KEY: Final = ROOT / "graders" / "labs" / "answers_lab_0.yml"
_SHOW: Final = 'cat "$LAB_ANSWERS"'
# A row of the table is a few ranges, and names a few other rows.
_ROW_LENGTH: Final = 1000
_ROWS: Final = 50


class _Loader(WithoutAliases, yaml.BaseLoader):
    """Read each answer as the text that it is: no is no, 010 is 010."""


def answers_file(lab: Session) -> Path:
    """Return the file that $LAB_ANSWERS names in `lab shell`.

    Example:
        answers = read_answers(answers_file(lab))

    """
    return state_dir(lab.plan.student) / "answers.yml"


def read_answers(file: Path) -> dict[str, str]:
    """Return the answers by their questions' ids, "" for a missing one.

    An answer is a text, a list of texts, or keys with texts.

    Example:
        answers = read_answers(answers_file(lab))

    Raises:
        CheckFailed: the file is gone, or is no longer valid.

    """
    if not file.is_file():
        fail(
            f"expected the answers in {file.name}, not a missing file",
            seen_by=_SHOW,
        )
    try:
        text = read_text(file, errors="replace")
        questions = yaml.load(text, _Loader)  # noqa: S506 - it makes texts only
    except OSError as error:
        fail(
            f"expected a readable {file.name}, not one with an error:"
            f" {error.strerror}",
            seen_by=_SHOW,
        )
    except yaml.MarkedYAMLError as error:
        fail(
            f"expected YAML in {file.name}, not an error{_line(error)}:"
            f" {error.problem}",
            seen_by=_SHOW,
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = "too deep a list" if isinstance(error, RecursionError) else error
        fail(
            f"expected YAML in {file.name}, not an error: {why}",
            seen_by=_SHOW,
        )
    if not isinstance(questions, dict):
        kind = type(questions).__name__
        fail(f"expected questions in {file.name}, not {kind}", seen_by=_SHOW)
    return {
        name: _text(part.get("answer", part))
        if isinstance(part, dict)
        else _text(part)
        for name, part in questions.items()
    }


def _line(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    return f" in line {mark.line + 1}" if mark else ""


def _text(answer: object) -> str:
    """Return an answer's text; what is nested deeper does not count."""
    parts = answer if isinstance(answer, list) else [answer]
    texts = [text for part in parts for text in _texts(part)]
    return ", ".join(text for text in texts if isinstance(text, str))


def _texts(part: object) -> list[object]:
    if not isinstance(part, dict):
        return [part]
    return [
        f"{key} {value}"
        for key, value in part.items()
        if isinstance(value, str)
    ]


def wrong_answers(answers: dict[str, str], key: Path = KEY) -> list[str]:
    """Return the ids of questions whose answer is wrong or missing.

    Example:
        wrong = wrong_answers(read_answers(answers_file(lab)))

    """
    digests = yaml.safe_load(key.read_text(encoding="utf-8"))
    return [
        question
        for question, digest in digests.items()
        if _digest(question, answers.get(question, "")) != digest
    ]


def _digest(question: str, answer: str) -> str:
    """Return what the key has for an answer, a letter."""
    text = f"lab-0:{question}:{answer.strip().lower()}"
    return hashlib.sha256(text.encode()).hexdigest()


def wrong_rows(table: dict[str, str], plan: Plan) -> list[str]:
    """Return the rows of the address plan that `table` lacks or has wrong.

    A row is right if it means the same addresses, however it is written; it
    may name another row. Readings that differ in what no one uses are
    accepted: whether the leases include the ingress VIPs, which are reserved,
    and whether the ends of a network are free, or belong to nodes.

    Example:
        wrong = wrong_rows(read_answers(answers_file(lab)), lab.plan)

    """
    services = _addresses(str(plan.service_range))
    apps = _addresses(plan.pool)
    ingress = _addresses(plan.ingress_pool)
    leases = _addresses(f"{plan.dhcp_first}-{plan.dhcp_last}")
    readings = {
        plan.ingress_pool_name: [ingress],
        plan.app_pool_name: [apps],
        "dhcp": [leases, leases - ingress],
        "nodes": _without_ends(_addresses(str(plan.node_range))),
        "free": [found - apps for found in _without_ends(services)],
    }
    return [
        row
        for row, accepted in readings.items()
        if written_addresses(_spelled_out(row, table)) not in accepted
    ]


def _addresses(text: str) -> set[int]:
    return written_addresses(text) or set()


def _without_ends(network: set[int]) -> list[set[int]]:
    """Return a network's addresses with and without its first and last."""
    first, last = {min(network)}, {max(network)}
    return [network - gone for gone in (set(), first, last, first | last)]


def _spelled_out(row: str, table: dict[str, str]) -> str:
    """Return a row's text, with other rows in place of their names.

    Names in place of names may grow without an end.
    """
    text = table.get(row, "")
    for name, ranges in [*table.items()][:_ROWS]:
        if len(text) > _ROW_LENGTH:
            return ""
        if name != row:
            pattern = rf"\b{re.escape(name)}\b"
            text = re.sub(pattern, ranges.replace("\\", r"\\"), text)
    return text if len(text) <= _ROW_LENGTH else ""
