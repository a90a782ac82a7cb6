"""Every lab and variant: red as shipped, wrong refused, right passes."""

from __future__ import annotations

import json

import pytest

from graders.labfile import all_labs

from .conftest import run

CASES = [(lab.id, name) for lab in all_labs() for name in lab.variants]


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = run("lab", "prove", lab, "--variant", variant, "--json")
    assert done.stdout, done.stderr
    proof = json.loads(done.stdout)
    wrong = [row for row in proof["rows"] if not row["ok"]]
    assert not wrong, json.dumps(wrong, indent=1)
    assert proof["proven"]
    assert done.returncode == 0
