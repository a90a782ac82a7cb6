"""Every lab and variant: red as shipped, wrong refused, right passes.

Two students' labs stand side by side, and each proof takes the one that is
free: that halves the time, and shows that solutions work with any numbers.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from typing import TYPE_CHECKING, Final

import pytest

from graders.labfile import all_labs

from .conftest import run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    Proofs = dict[tuple[str, str], Future[subprocess.CompletedProcess[str]]]

CASES: Final = [(lab.id, name) for lab in all_labs() for name in lab.variants]


@pytest.fixture(scope="session")
def proofs(
    fresh: str, second: str, request: pytest.FixtureRequest
) -> Iterator[Proofs]:
    """Begin the proofs of all cases that were asked for."""
    del fresh
    free: Queue[str] = Queue()
    free.put("demo")
    free.put(second)

    def prove(lab: str, variant: str) -> subprocess.CompletedProcess[str]:
        student = free.get()
        try:
            what = (lab, "--variant", variant, "--student", student)
            return run("lab", "prove", *what, "--json")
        finally:
            free.put(student)

    asked = [
        (
            str(item.callspec.params["lab"]),
            str(item.callspec.params["variant"]),
        )
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and item.originalname == test_proof.__name__
    ]
    with ThreadPoolExecutor(free.qsize()) as pool:
        yield {case: pool.submit(prove, *case) for case in asked}


@pytest.mark.parametrize(("lab", "variant"), CASES)
def test_proof(proofs: Proofs, lab: str, variant: str) -> None:
    """Each step of the proof comes out as it must."""
    done = proofs[lab, variant].result()
    assert done.stdout, done.stderr
    proof = json.loads(done.stdout)
    wrong = [row for row in proof["rows"] if not row["ok"]]
    assert not wrong, json.dumps(wrong, indent=1)
    assert proof["proven"]
    assert done.returncode == 0
