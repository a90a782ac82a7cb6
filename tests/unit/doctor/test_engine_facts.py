"""What an engine is asked, in a limited time, and what is left of it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graders.doctor import engine_facts
from graders.doctor.engine_facts import TimedDocker, TimeIsUp, ask_engine
from graders.doctor.facts import parse
from graders.errors import CannotCheck
from tests.unit.doctor.test_engine_checks import PROBE

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(engine_facts.__file__).with_name("engine_probe.sh")
SLOW = """#!/bin/sh
echo "$*" >> "$CALLS"
sleep 30
"""


class Engine:
    """Answers docker's calls; an answer may be an error."""

    def __init__(self, **answers: str | Exception) -> None:
        """Have an image and an hour that is ahead."""
        self.calls: list[tuple[str, ...]] = []
        ahead = PROBE.replace("1795996762.7", f"{time.time() + 3600:.1f}")
        self._answers: dict[str, str | Exception] = {
            "info": json.dumps({"NCPU": 4}),
            "context": "unix:///var/run/docker.sock",
            "image": "sha256:1\nsha256:2",
            "run": ahead,
            **answers,
        }

    def __call__(self, *args: str, seconds: float = 0) -> str:
        """Answer."""
        del seconds
        self.calls.append(args)
        answer = self._answers.get(args[0], "")
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_facts() -> None:
    """All is known of an engine with an image of the kit."""
    engine = Engine()

    facts = ask_engine(engine)

    assert facts.info == {"NCPU": 4}
    assert facts.address == "unix:///var/run/docker.sock"
    assert facts.problem is None
    assert facts.kernel.values["md5"] == "yes"
    assert facts.kernel.clock
    assert facts.kernel.clock.seconds == pytest.approx(3600, abs=5)


def test_one_container_that_removes_itself() -> None:
    """One container of the first image, labelled and without a pull."""
    engine = Engine()

    ask_engine(engine)

    (run,) = (call for call in engine.calls if call[0] == "run")
    assert {"--rm", "never", "--privileged", "sha256:1"} <= set(run)
    assert "metallb-lab.role=doctor" in run
    assert "rm" not in {call[0] for call in engine.calls}


def test_no_image() -> None:
    """Without an image no container runs."""
    engine = Engine(image="")

    assert ask_engine(engine).kernel.values == {}
    assert "run" not in {call[0] for call in engine.calls}


def test_failed_container_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that did not end is removed by its name."""
    engine = Engine(run=TimeIsUp("slow"), rm=CannotCheck("frozen"))
    monkeypatch.setattr("graders.doctor.engine_facts.engine.docker", engine)

    facts = ask_engine(engine)

    (run,) = (call for call in engine.calls if call[0] == "run")
    assert isinstance(facts.problem, TimeIsUp)
    assert engine.calls[-1] == ("rm", "--force", run[run.index("--name") + 1])


def test_nothing_is_answered() -> None:
    """An engine that refuses everything leaves no facts."""
    no = CannotCheck("no")

    facts = ask_engine(Engine(info=no, context=no, image=no))

    assert not facts.info
    assert not facts.address


@pytest.mark.parametrize("output", ["end=yes", "time=noon\nend=yes"])
def test_no_clock(output: str) -> None:
    """A container without a clock is no error."""
    assert ask_engine(Engine(run=output)).kernel.clock is None


def _frozen(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Put a docker on PATH that never answers; return what it was asked."""
    program, calls = folder / "docker", folder / "calls"
    program.write_text(SLOW)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("CALLS", str(calls))
    return calls


def test_frozen_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It ends with the time, and is not asked again after that."""
    calls = _frozen(monkeypatch, tmp_path)
    docker = TimedDocker(0.5)
    begun = time.monotonic()

    for _ in range(3):
        with pytest.raises(TimeIsUp, match=r"not answer `docker ps` in time"):
            docker("ps")

    assert time.monotonic() - begun < 5
    assert calls.read_text() == "ps\n"


def test_errors_are_not_lateness(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An error that comes in time says what is wrong."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho why >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(CannotCheck, match="could not docker ps: why"):
        TimedDocker()("ps")


def test_not_a_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A docker that cannot be run is told as that."""
    (tmp_path / "docker").write_text("#!/nowhere\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotCheck, match="docker"):
        TimedDocker()("ps")


@pytest.fixture
def output() -> Callable[[], str]:
    """Run the container's script on this computer: it changes nothing."""

    def run() -> str:
        done = subprocess.run(
            ["sh", str(SCRIPT)], capture_output=True, text=True, check=True
        )
        return done.stdout

    return run


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="needs Linux")
def test_script(output: Callable[[], str]) -> None:
    """It prints all facts, one a line, and each test has an answer."""
    facts = parse(output())

    assert set(facts.values) == set(parse(PROBE).values)
    assert facts.number("memory_kib") > 0
    assert facts.number("disk_kib") > 0
    assert facts.values["multipath"]
    assert facts.values["md5"]
