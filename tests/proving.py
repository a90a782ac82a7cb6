"""What `lab prove --json` must say, wherever the lab stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.commands import CommandFailedError

if TYPE_CHECKING:
    from subprocess import CompletedProcess


def expect_proven(done: CompletedProcess[str]) -> None:
    """Fail with the rows of all steps that did not come out as they must.

    Raises:
        CommandFailedError: these steps ended without a verdict.

    """
    assert done.stdout, done.stderr
    proof = json.loads(done.stdout)
    wrong = [row for row in proof["rows"] if not row["ok"]]
    shown = json.dumps(wrong, indent=1)
    if wrong and not any(row["graded"] for row in wrong):
        raise CommandFailedError(shown)
    assert not wrong, shown
    assert proof["proven"]
    assert done.returncode == 0
