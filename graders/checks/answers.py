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
from graders.plan.ip_ranges import networks
from graders.settings import ROOT, state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from graders.checks.session import Session
    from graders.plan.plan import Plan

KEY: Final = ROOT / "graders" / "labs" / "answers_lab_0.yml"
# Between ranges: commas, and what YAML's own lists add to them.
_SEPARATORS: Final = re.compile(r"[\s,;\[\]'\"]+")
# Between the ends of a range: a hyphen or en dash, with or without blanks.
_DASH: Final = re.compile("\\s*[-\u2013]\\s*")
# The shortest prefix of a LAN in any plan.
_LAN_PREFIX: Final = 16


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
        fail(f"expected the answers in {file.name}, not a missing file")
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
        questions = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        fail(f"expected YAML in {file.name}, not an error{line}")
    if not isinstance(questions, dict):
        kind = type(questions).__name__
        fail(f"expected questions in {file.name}, not {kind}")
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

    A row is right if it means the same addresses, however it is written. Two
    readings are accepted: whether the leases include the ingress VIPs, which
    are reserved, and whether the ends of the range for Services are free.

    Example:
        wrong = wrong_rows(read_answers(answers_file(lab)), lab.plan)

    """
    services = _addresses_in(str(plan.service_range))
    apps = _addresses_in(plan.pool)
    ingress = _addresses_in(plan.ingress_pool)
    leases = _addresses_in(f"{plan.dhcp_first}-{plan.dhcp_last}")
    free, first, last = services - apps, {min(services)}, {max(services)}
    readings = {
        plan.ingress_pool_name: [ingress],
        plan.app_pool_name: [apps],
        "dhcp": [leases, leases - ingress],
        "nodes": [_addresses_in(str(plan.node_range))],
        "free": [free, free - first, free - last, free - first - last],
    }
    return [
        row
        for row, accepted in readings.items()
        if _parse_ranges(table.get(row, "")) not in accepted
    ]


def _parse_ranges(text: str) -> set[int] | None:
    """Return the addresses that a row names, None if it names no ranges."""
    parts = [part for part in _SEPARATORS.split(_DASH.sub("-", text)) if part]
    try:
        return set().union(*(_addresses_in(part) for part in parts)) or None
    except ValueError:
        return None


def _addresses_in(text: str) -> set[int]:
    """Return the addresses of one range, as numbers.

    Raises:
        ValueError: it is no range, or larger than any LAN of the kit.

    """
    addresses: set[int] = set()
    for network in networks(text):
        if network.prefixlen < _LAN_PREFIX:
            raise ValueError(network)
        addresses.update(range(int(network[0]), int(network[-1]) + 1))
    return addresses
