"""What a person types, and what they read when it goes wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graders.cli import main, plans
from graders.doctor import local
from graders.doctor.findings import ThisHost
from graders.errors import CannotCheck
from graders.lifecycle import lifecycle, playbook
from graders.lifecycle.lock import lock
from graders.plan.plan import make_plan
from graders.providers.base import Location, ProviderStatus
from graders.providers.docker import EngineForbidden
from graders.providers.kind import KindProvider
from graders.state import lab_state

if TYPE_CHECKING:
    from typer.testing import Result

VERBS = (
    *("start", "up", "reset", "down", "hint", "status", "brief", "shell"),
    *("prove", "doctor", "images", "hosts", "engine", "purge", "list"),
    *("watch", "class", "help"),
)


pytestmark = pytest.mark.usefixtures("base")


def lab(*argv: str) -> Result:
    """Type a `lab` command."""
    return CliRunner().invoke(main.lab_app, argv)


def grade(*argv: str) -> Result:
    """Type a `grade` command."""
    return CliRunner().invoke(main.grade_app, argv)


@pytest.fixture
def nothing_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let docker answer, with no lab."""
    location = Location(make_plan(), exists=False)
    status = ProviderStatus(location, {}, place="kind", needs_doctor=False)
    monkeypatch.setattr(KindProvider, "locate", lambda *_: location)
    monkeypatch.setattr(KindProvider, "status", lambda *_: status)
    monkeypatch.setattr(lab_state, "read", lambda _: None)


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `lab status` come to this."""

    def status(*_: object) -> ProviderStatus:
        raise error

    monkeypatch.setattr(KindProvider, "status", status)


def test_help_names_every_verb() -> None:
    """`lab --help` lists what there is."""
    said = lab("--help").stdout

    assert all(verb in said for verb in VERBS)


def test_help_is_quick() -> None:
    """Help loads none of the big libraries that the verbs need."""
    script = "import sys, graders.cli.main; print(*sys.modules, sep='\\n')"

    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
    )

    heavy = {
        *("ansible_runner", "kubernetes", "pydantic", "pytest", "jinja2"),
        *("textual", "starlette", "uvicorn", "cryptography"),
    }
    assert heavy & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    "argv",
    [("begin",), ("start",), ("start", "1", "--speed"), ("images", "x")],
)
def test_wrong_usage_ends_with_2(argv: tuple[str, ...]) -> None:
    """A verb, argument or option that is not there is wrong usage."""
    assert lab(*argv).exit_code == 2


def test_unknown_lab() -> None:
    """It lists the labs in one line and builds nothing."""
    done = lab("start", "77")

    assert done.exit_code == 2
    assert done.stderr.startswith("lab: lab must be one of lab-0-")
    assert done.stderr.endswith(", not '77'\n")
    assert done.stderr.count("\n") == 1


def test_unknown_variant() -> None:
    """It lists the variants and builds nothing."""
    done = lab("start", "1", "--variant", "meteor")

    assert done.exit_code == 2
    assert "variant of lab-1-pending-service must be one of" in done.stderr
    assert "not 'meteor'" in done.stderr


def test_student_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """STUDENT names the student, as in `make lab-1 STUDENT=ada`."""
    names: list[str] = []
    monkeypatch.setattr(
        KindProvider, "status", lambda _, student: names.append(student)
    )
    monkeypatch.setenv("STUDENT", "ada")

    lab("status")

    assert names == ["ada"]


@pytest.mark.usefixtures("nothing_stands")
@pytest.mark.parametrize("verb", ["hint", "brief"])
def test_verbs_need_a_lab(verb: str) -> None:
    """Without a lab they say how to get one, and end with 3."""
    done = lab(verb)

    assert done.exit_code == 3
    assert done.stderr == "lab: no lab is running; run `make lab-1`\n"


@pytest.mark.usefixtures("nothing_stands")
def test_grade_needs_a_lab() -> None:
    """`grade` names itself, and prints no half of a document."""
    done = grade("--json")

    assert done.exit_code == 3
    assert done.stderr == "grade: no lab is running; run `make lab-1`\n"
    assert not done.stdout


@pytest.mark.usefixtures("nothing_stands")
def test_half_a_lab_is_not_graded(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a start that was cut off nobody is told that they failed."""
    half = lab_state.State(
        "lab-1-pending-service", "no-pool", "ab", 2, "lab start"
    )
    monkeypatch.setattr(lab_state, "read", lambda _: half)

    done = grade()

    assert done.exit_code == 3
    assert "`lab start` was interrupted" in done.stderr
    assert "`lab reset` finishes lab-1-pending-service" in done.stderr


@pytest.mark.usefixtures("nothing_stands")
def test_reset_of_nothing_builds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no lab stands, it is not stood up to be told so."""
    monkeypatch.setattr(lifecycle, "up", lambda _: pytest.fail("up"))

    done = lab("reset")

    assert done.exit_code == 3
    assert done.stderr == "lab: no lab is running; run `make lab-1`\n"


def test_down_without_a_right_to_the_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says so, and does not act as if all was gone."""

    def locate(*_: object, **__: object) -> Location:
        raise EngineForbidden("not you", remedy="join")

    monkeypatch.setattr(KindProvider, "locate", locate)
    monkeypatch.setattr(
        playbook, "run_playbook", lambda *_: pytest.fail("run")
    )

    done = lab("down")

    assert (done.exit_code, done.stderr) == (3, "lab: not you; join\n")


@pytest.mark.parametrize(
    ("argv", "needed"), [(("get",), "12.0"), (("load", "lab.tar"), "4.0")]
)
def test_images_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], needed: str
) -> None:
    """A disk that is nearly full is told of before anything is made."""
    monkeypatch.setattr(local, "has_images", lambda: False)
    monkeypatch.setattr(local, "docker_root", lambda: "/images")
    monkeypatch.setattr(ThisHost, "disk_free", lambda *_: 1024**3)
    monkeypatch.setattr(
        plans, "run_plain_playbook", lambda *_: pytest.fail("made")
    )

    done = lab("images", *argv)

    assert done.exit_code == 3
    assert f"disk: expected {needed} GiB free" in done.stderr
    assert "not 1.0 GiB free at /images" in done.stderr


def test_all_problems_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each problem is a line, and each line says who speaks."""
    raising(monkeypatch, CannotCheck("no disk", "no memory", remedy="buy"))

    done = lab("status")

    assert done.exit_code == 3
    assert done.stderr == "lab: no disk\nlab: no memory\nlab: buy\n"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_closed_terminal_is_a_ctrl_c(how: signal.Signals) -> None:
    """What a command has disturbed is mended then, too."""
    # Who runs the tests by nohup has them ignore one of the two.
    script = f"""
import signal, time
from graders.cli.common import command_context
signal.signal({how.value}, signal.SIG_DFL)
with command_context("grade", "demo", locked=True):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("mended", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as begun:
        assert begun.stdout
        assert begun.stdout.readline() == "begun\n"
        begun.send_signal(how)
        said, told = begun.communicate(timeout=20)

    assert said == "mended\n"
    assert "grade: interrupted" in told
    assert begun.returncode == 130


@pytest.mark.parametrize(
    "argv", [("up",), ("reset",), ("down",), ("hint",), ("start", "1")]
)
def test_changing_verbs_take_the_lock(argv: tuple[str, ...]) -> None:
    """While one runs, the others are told who holds the lab."""
    with lock("demo", "lab prove"):
        done = lab(*argv)

    assert done.exit_code == 3
    assert "holds the lab: `lab prove`" in done.stderr


def test_looking_needs_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lab status` can be asked while something runs."""
    raising(monkeypatch, CannotCheck("no engine"))

    with lock("demo", "lab up"):
        assert lab("status").stderr == "lab: no engine\n"


def test_the_proof_can_be_listed() -> None:
    """No cluster is needed, and a lab may be changed at the same time."""
    with lock("demo", "lab up"):
        done = lab("prove", "0", "--list")

    first, *_ = done.stdout.splitlines()
    assert done.exit_code == 0
    assert first.startswith("lab-0-hands-on start: as shipped: grade fails on")


def test_version() -> None:
    """`lab --version` prints what results have as the kit's version."""
    done = lab("--version")

    assert done.exit_code == 0
    assert done.stdout == f"{metadata.version('metallb-lab-kit')}\n"
