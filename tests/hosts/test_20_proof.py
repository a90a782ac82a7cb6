"""One fault of each lab, proven on hosts as on containers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from graders.labfile import all_labs

if TYPE_CHECKING:
    from .conftest import Kit

# Lab 0 is a new cluster's; the others each with their first fault.
CASES: Final = [
    (lab.id, next(iter(lab.variants))) for lab in all_labs() if lab.metallb
]


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(kit: Kit, lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = kit.run(
        *("lab", "prove", lab, "--variant", variant, "--brief", "--json")
    )
    assert done.stdout, done.stderr
    proof = json.loads(done.stdout)
    wrong = [row for row in proof["rows"] if not row["ok"]]
    assert not wrong, json.dumps(wrong, indent=1)
    assert proof["proven"]
    assert done.returncode == 0
