"""A copy of a real lab, in which a test makes an author's mistake."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graders import settings
from graders.course.lab import Lab, read_lab

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

NAME = "lab-2-layer-2"
GRADER = "grader.py"


@dataclass(frozen=True)
class LabCopy:
    """Lab 2 with its solutions and its grader file, under `root`."""

    root: Path

    def lab(self) -> Lab:
        """Read the lab."""
        return read_lab(self.root / "labs" / NAME)

    def file(self, name: str) -> Path:
        """Return a file of the lab, of solutions/, or the grader file."""
        if name == GRADER:
            return self.root / name
        if name.startswith("solutions/"):
            return self.root / "solutions" / NAME / name.partition("/")[2]
        return self.root / "labs" / NAME / name

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace the first `old` of a file; return its line."""
        file = self.file(name)
        text = file.read_text(encoding="utf-8")
        before, found, after = text.partition(old)
        assert found, f"{name} has no {old!r}"
        file.write_text(before + new + after, encoding="utf-8")
        return before.count("\n") + 1

    def problem(self, problems: Iterable[str], name: str) -> tuple[int, str]:
        """Return line and rule of the only problem, which is in a file."""
        (line,) = problems
        place, number, rule = line.split(":", 2)
        assert place == self.file(name).as_posix()
        return int(number), rule.strip()


def copy_lab(root: Path, monkeypatch: pytest.MonkeyPatch) -> LabCopy:
    """Copy the lab to `root` and have the kit look there."""
    copy = LabCopy(root)
    lab = read_lab(settings.LABS / NAME)
    shutil.copytree(lab.folder, root / "labs" / NAME)
    shutil.copytree(settings.SOLUTIONS / NAME, root / "solutions" / NAME)
    shutil.copy(lab.grader_file, root / GRADER)
    monkeypatch.setattr(settings, "LABS", root / "labs")
    monkeypatch.setattr(settings, "SOLUTIONS", root / "solutions")
    grader = property(lambda _: root / GRADER)
    monkeypatch.setattr(Lab, "grader_file", grader)
    return copy
