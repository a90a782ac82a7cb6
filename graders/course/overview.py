"""The labs for a list, read in milliseconds.

The models of lab.yml take half a second to load. Here, only what is shown is
looked at, and the models say what is wrong if that is not as it should be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from graders.course.folders import find_labs, references
from graders.errors import UsageError
from graders.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

# The loader in C is eight times as fast, and not in every build of PyYAML.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# "e.g." and "VIPs. It" differ in what follows.
_END_OF_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


@dataclass(frozen=True)
class LabOverview:
    """A lab as a list shows it."""

    folder: Path
    title: str
    minutes: int
    objectives: tuple[str, ...]
    variants: tuple[str, ...]

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def number(self) -> str:
        """The number in its id."""
        return references(self.id)[0]

    def fault(self, variant: str) -> str:
        """Return one sentence on a fault, from its file; "" without one."""
        return fault_sentence(self.folder, variant)


def overviews(ref: str = "") -> list[LabOverview]:
    """Return the labs that `ref` refers to, all for "", by number.

    Raises:
        UsageError: there is no such lab, or all that is wrong with the
            first one whose lab.yml is not as it should be.

    """
    labs = [_overview(folder) for folder in find_labs(ref)]
    return sorted(labs, key=lambda lab: (int(lab.number), lab.id))


def _overview(folder: Path) -> LabOverview:
    try:
        text = read_text(folder / "lab.yml")
        raw = yaml.load(text, _LOADER)  # noqa: S506 - it is a SafeLoader
        return _checked(folder, raw)
    except (OSError, ValueError, TypeError, LookupError, yaml.YAMLError):
        from graders.course.lab import read_lab  # noqa: PLC0415 - it is slow

        read_lab(folder)
        raise UsageError(f"labs/{folder.name}: cannot be read") from None


def _checked(folder: Path, raw: Any) -> LabOverview:  # noqa: ANN401 - YAML
    """Return the overview; it raises TypeError if something else is there."""
    overview = LabOverview(
        folder=folder,
        title=str.strip(raw["title"]),
        minutes=raw["minutes"],
        objectives=tuple(map(str.strip, raw["objectives"])),
        variants=tuple(map(str.strip, raw["variants"])),
    )
    int(overview.number)
    if not isinstance(overview.minutes, int):
        raise TypeError
    return overview


def fault_sentence(folder: Path, variant: str) -> str:
    """Return the first sentence of the comment at the top of a fault."""
    fault = folder / "faults" / f"{variant}.yml"
    words = []
    try:
        lines = read_text(fault).removeprefix("---\n").splitlines()
    except (OSError, ValueError):
        return ""
    for line in lines:
        if not line.startswith("#"):
            break
        words += line.removeprefix("#").split()
    return _END_OF_SENTENCE.split(" ".join(words))[0]
