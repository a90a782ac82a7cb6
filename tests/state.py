"""Where tests keep the kit's state, so that logs are found after a failure."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

VARIABLE: Final = "TEST_STATE"


def new_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a new folder in TEST_STATE, or else in pytest's own folder."""
    base = os.environ.get(VARIABLE)
    if not base:
        return factory.mktemp(name)
    Path(base).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))


def header() -> str:
    """Return the line of pytest's header that says where logs are."""
    base = os.environ.get(VARIABLE)
    place = f"{base}/*/**/logs" if base else f"set {VARIABLE} to keep them"
    return f"logs of the kit: {place}"
