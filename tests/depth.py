"""How much to test on live labs."""

from __future__ import annotations

import os
from typing import Final

import pytest

# `PROOF=--full make test` leaves nothing out, and takes its time.
FULL: Final = os.environ.get("PROOF") == "--full"
thorough: Final = pytest.mark.skipif(
    not FULL, reason="like another test; PROOF=--full runs it"
)
