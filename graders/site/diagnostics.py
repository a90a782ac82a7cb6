"""What stops a build: problems of sources, each with file and line."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Final

from graders.errors import one_line

_TEMPLATES: Final = ("<template>", "<unknown>")


@dataclass
class Diagnostics:
    """Gathers all problems, so that one build tells of every one."""

    found: list[str] = field(default_factory=list)

    def add(self, place: str, line: int, problem: str) -> None:
        """Note one problem; `line` 0 is about the file as a whole."""
        at = f"{place}:{line}" if line else place
        text = f"{at}: {one_line(problem)}"
        if text not in self.found:
            self.found.append(text)


def template_line(error: BaseException) -> int:
    """Return the line of a template at which `error` was raised, or 0."""
    written = getattr(error, "lineno", None)
    if isinstance(written, int):
        return written
    frames = traceback.extract_tb(error.__traceback__)
    lines = [one.lineno for one in frames if one.filename in _TEMPLATES]
    return (lines[-1] if lines else 0) or 0
