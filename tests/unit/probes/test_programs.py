"""Programs that a student has moved from a machine."""

from __future__ import annotations

import subprocess

import pytest

from graders.errors import CheckFailed
from graders.probes.client import Client
from graders.probes.programs import NEEDS_CURL, run_program
from graders.probes.redirection import PROGRAMS
from graders.providers.machine import Output
from tests.fakes import machine, says


def test_a_program_that_is_there() -> None:
    """What it comes to is not judged."""
    refused = machine(lambda argv: Output(" ".join(argv), 7, "", "refused"))

    assert run_program(refused, "curl", "-s", "http://192.0.2.1/").code == 7
    assert run_program(says("a"), "ip", "address").out == "a"


@pytest.mark.parametrize("code", [126, 127])
def test_a_program_that_is_not(code: int) -> None:
    """No answer is not taken for silence, and the reason is named."""
    nothing = machine(lambda argv: Output(" ".join(argv), code, "", "no"))

    with pytest.raises(CheckFailed, match=r"arping to be on client, .* moved"):
        Client(nothing).arping("192.0.2.1")
    with pytest.raises(CheckFailed, match="curl to be on client") as got:
        Client(nothing).flows("192.0.2.1", 9)

    assert got.value.seen_by == "command -v curl on client"
    assert "lab reset" in got.value.actual


@pytest.mark.parametrize(("path", "code"), [("/usr/bin:/bin", 0), ("/", 127)])
def test_scripts_that_need_curl(path: str, code: int) -> None:
    """They end at once without it."""
    found = subprocess.run(
        ["/bin/sh", "-c", NEEDS_CURL], env={"PATH": path}, check=False
    )

    assert found.returncode == code


def test_a_missing_program_lists_nothing() -> None:
    """So it is listed itself."""
    found = subprocess.run(
        ["/bin/sh", "-c", f"ip() {{ :; }}; PATH=/lost\n{PROGRAMS}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ss is missing" in found.stdout.splitlines()
