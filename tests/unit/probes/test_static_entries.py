"""Static entries of a machine that does not answer to the end."""

from __future__ import annotations

import pytest

from graders.errors import CannotCheck
from graders.probes.static_entries import static_entries
from tests.fakes import says


def test_a_machine_that_stops() -> None:
    """Nothing is concluded of what it has not said."""
    with pytest.raises(CannotCheck, match="client stopped while it was"):
        static_entries(says("lo inet 127.0.0.1/8\n"))
