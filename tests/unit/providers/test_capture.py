"""Output of programs: whole if it is short, cut if it has no end."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.providers import capture
from graders.providers.capture import CUT, Stream

END = re.compile(rb"mark (\d{1,3})\n")


@given(st.binary(max_size=200), st.binary(max_size=99), st.integers(1, 30))
def test_whatever_the_chunks(text: bytes, after: bytes, size: int) -> None:
    """What is before the mark is the text, wherever reading paused."""
    stream = Stream(end=END)
    written = text + b"mark 7\n" + after
    chunks = [written[at : at + size] for at in range(0, len(written), size)]

    assert any(stream.add(chunk) for chunk in chunks)

    assert stream.code == 7
    assert stream.text == text.decode(errors="replace")


@given(st.integers(0, 99), st.integers(1, 30))
def test_a_limit(length: int, size: int) -> None:
    """What is too much is left out, and the status is known all the same."""
    stream = Stream(50, END)
    written = b"a" * length + b"mark 0\n"
    for at in range(0, len(written), size):
        stream.add(written[at : at + size])

    assert stream.code == 0
    cut = "a" * 50 + CUT
    assert stream.text == (cut if length > 50 else "a" * length)


def test_time_and_memory() -> None:
    """A hundred megabytes take little time, and hardly any memory."""
    chunk = b"mark \n" * 10_000
    stream = Stream(end=END)
    began = time.process_time()
    tracemalloc.start()
    for _ in range(1700):
        stream.add(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4_000_000
    assert time.process_time() - began < 10
    assert len(stream.text) < 1_100_000


def test_programs() -> None:
    """Input, output, errors, status and environment are as they are."""
    script = "cat; echo $A >&2; exit 3"

    done = capture.run(["sh", "-c", script], stdin="a\xe4", env={"A": "b"})

    assert (done.returncode, done.stdout, done.stderr) == (3, "a\xe4", "b\n")


def test_a_program_without_an_end() -> None:
    """It is ended after its time."""
    with pytest.raises(subprocess.TimeoutExpired):
        capture.run(["yes"], timeout=0.3)


def test_a_program_that_closes_its_output() -> None:
    """It has to end in time all the same."""
    script = "import os, time; os.close(1); os.close(2); time.sleep(60)"

    with pytest.raises(subprocess.TimeoutExpired):
        capture.run([sys.executable, "-c", script], timeout=2)


def test_no_program() -> None:
    """A program that is not there is an error of the system."""
    with pytest.raises(FileNotFoundError):
        capture.run(["/nonexistent"])


ENDING = """
import subprocess
from graders.providers.capture import terminate_children
child = subprocess.Popen(["sleep", "60"])
terminate_children()
print(child.wait(10))
"""


def test_children_are_asked_to_end() -> None:
    """Those of this process, by SIGTERM."""
    done = capture.run([sys.executable, "-c", ENDING])

    assert done.stdout == "-15\n", done.stderr
