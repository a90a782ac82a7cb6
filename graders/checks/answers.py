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
from graders.plan.written_ranges import written_addresses
from graders.settings import ROOT, state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from graders.checks.session import Session
    from graders.plan.plan import Plan

KEY: Final = ROOT / "graders" / "labs" / "answers_lab_0.yml"
_SHOW: Final = 'cat "$LAB_ANSWERS"'


def answers_file(lab: Session) -> Path:
    """Return the file that $LAB_ANSWERS names in `lab shell`.

    Example:
        answers = read_answers(answers_file(lab))

    """
    return state_dir(lab.plan.student) / "answers.yml"


def read_answers(file: Path) -> dict[str, str]:
    """Return the answers by their questions' ids, "" for a missing one.

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
        text = file.read_text(encoding="utf-8", errors="replace")
        questions = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        fail(
            f"expected YAML in {file.name}, not an error{line}", seen_by=_SHOW
        )
    if not isinstance(questions, dict):
        kind = type(questions).__name__
        fail(f"expected questions in {file.name}, not {kind}", seen_by=_SHOW)
    return {
        str(name): str(part.get("answer") or "")
        if isinstance(part, dict)
        else str(part or "")
        for name, part in questions.items()
    }


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
    """Return a row's text, with other rows in place of their names."""
    text = table.get(row, "")
    for name, ranges in table.items():
        if name != row:
            pattern = rf"\b{re.escape(name)}\b"
            text = re.sub(pattern, ranges.replace("\\", r"\\"), text)
    return text
