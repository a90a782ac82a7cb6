"""A student's answers to the questions of lab 0, and whether they are right.

The key is kept as salted hashes: not a secret, but nothing to read by chance.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import yaml

from graders.checks.check import fail
from graders.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

KEY: Final = ROOT / "graders" / "labs" / "answers_lab_0.yml"


def read_answers(file: Path) -> dict[str, str]:
    """Return each question's id and answer, "" where there is none yet.

    Raises:
        Failed: the file is gone, or is not what it was before the answers
            were written into it.

    """
    if not file.is_file():
        fail(f"expected the answers in {file.name}, not no such file")
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        fail(f"expected YAML in {file.name}, not what stands{where}")
    if not isinstance(found, dict):
        fail(f"expected questions in {file.name}, not {type(found).__name__}")
    return {
        str(name): str(part.get("answer") or "")
        if isinstance(part, dict)
        else str(part or "")
        for name, part in found.items()
    }


def wrong_answers(answers: dict[str, str], key: Path = KEY) -> list[str]:
    """Return the ids of questions whose answer is wrong or missing."""
    wanted = yaml.safe_load(key.read_text(encoding="utf-8"))
    return [
        question
        for question, digest in wanted.items()
        if _digest(question, answers.get(question, "")) != digest
    ]


def _digest(question: str, answer: str) -> str:
    """Return what the key holds for an answer, a letter."""
    text = f"lab-0:{question}:{answer.strip().lower()}"
    return hashlib.sha256(text.encode()).hexdigest()
