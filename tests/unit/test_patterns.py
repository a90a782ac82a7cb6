"""Regular expressions take time in proportion to what they search."""

from __future__ import annotations

import pkgutil
import re
import time
from importlib import import_module
from typing import Final

import pytest

import graders

LENGTH: Final = 20_000
# Read names of 20 characters, whole lines, or the kit's own pages.
BOUNDED: Final = frozenset(
    {
        "graders.plan.networks._RESERVED",
        "graders.course.rules.texts._EXPRESSION",
    }
)
TEXTS: Final = (
    *(char * LENGTH for char in "a0 -:./@#,\"'|`*[]{}<>=_\\\n"),
    *(
        part * (LENGTH // len(part))
        for part in (
            *("a ", "0 ", "0.", "a:", ": ", "-- ", "1.1.1.1 and ", "sudo: "),
            *("permit ", " neighbor a ", "reply from ", "1: a: <b> ", "via a"),
        )
    ),
    "1: " + "a" * LENGTH,
)


def _patterns() -> dict[str, re.Pattern[str]]:
    """Return the regular expressions of all modules but the site's."""
    return {
        f"{info.name}.{name}": value
        for info in pkgutil.walk_packages(graders.__path__, "graders.")
        if not info.name.startswith(("graders.site", "graders.labs"))
        for name, value in vars(import_module(info.name)).items()
        if isinstance(value, re.Pattern)
    }


PATTERNS: Final = _patterns()


@pytest.mark.parametrize("name", sorted({*PATTERNS} - BOUNDED))
def test_time(name: str) -> None:
    """A text of many machines' words is searched in a moment."""
    pattern = PATTERNS[name]
    for text in TEXTS:
        began = time.process_time()
        pattern.search(text)
        assert time.process_time() - began < 0.3, text[:20]
