"""One regrade on a lab that is made up: which form is played, and judged."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from graders.classroom import regrade_one as module
from graders.classroom.regrade_one import Regrade, Task
from graders.classroom.replay import Replayed
from graders.classroom.submission import Differences, read
from graders.course.lab import load_lab
from graders.errors import CannotCheck
from graders.plan.plan import make_plan
from graders.providers.capture import TooSlow
from tests.regraded_rows import graded, row
from tests.submissions import handed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graders.classroom.regraded import Regraded
    from graders.proof.driver import LabDriver

    Run = Callable[..., Regraded]

DIFFERENCES = Differences(answers="shop:\n").to_json().encode()
APPLIED = "applied 3 1\n"
CLAIM = graded()
WRONG = graded(failed="vip")
FAULT = row().fault


class Lab:
    """A lab that is graded as `results` say, one grade after the other."""

    def __init__(self, *results: Any) -> None:  # noqa: ANN401 - grades or errors
        """Begin with nothing done."""
        self.plan = make_plan("ada")
        self.results = [*results]
        self.did: list[str] = []
        self.replayed = Replayed(commands=2)
        self.script: str | Exception = APPLIED
        self.reason = ""
        self.place_error: CannotCheck | None = None

    def start(self, _: object, variant: str) -> None:
        """Start it, or fail as the machine would."""
        self.did.append(f"start {variant}")
        if self.results and isinstance(self.results[0], OSError):
            raise CannotCheck("no engine")

    def grade(self, *, full: bool) -> Any:  # noqa: ANN401 - a grade
        """Return the next grade."""
        assert full
        self.did.append("grade")
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def shell(self, _: str) -> None:
        """Open no shell."""

    def renew(self) -> None:
        """Remove it."""
        self.did.append("renew")

    def run(
        self, script: str, seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Run the script of the differences."""
        self.did.append("apply")
        if isinstance(self.script, Exception):
            raise self.script
        del script, seconds
        return subprocess.CompletedProcess([], 0, self.script, "no such pool")


@pytest.fixture
def regrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what regrades a submission on such a lab."""

    def run(lab: Lab, last: bool = False, **parts: bytes) -> Regraded:  # noqa: FBT001, FBT002 - keyword
        class Typing:
            def __init__(self, *_: object) -> None:
                pass

            def play(self, _: object) -> Replayed:
                lab.did.append("type")
                return lab.replayed

        @contextmanager
        def place(*_: object) -> Iterator[Lab]:
            if lab.place_error:
                raise lab.place_error
            yield lab

        class Guard:
            reason = lab.reason

        @contextmanager
        def guarded(_: str) -> Iterator[Guard]:
            yield Guard()

        monkeypatch.setattr(module, "Replay", Typing)
        monkeypatch.setattr(module, "open_place", place)
        monkeypatch.setattr(module, "_guarded", guarded)
        parts.setdefault("result", CLAIM.to_json().encode())
        file = handed_in(tmp_path / "ada.lab", **parts)
        task = Task(
            file=file,
            result=tmp_path / "ada.regrade.json",
            known=row("ada", verified=None, result=None, status="error"),
            place="sandbox",
            last=last,
        )
        driver = cast("LabDriver", lab)
        return Regrade(task, read(file), driver, lab.renew).run(load_lab("1"))

    return run


def test_what_was_typed_is_typed(regrade: Run) -> None:
    """On a fresh lab; then it is graded and compared."""
    lab = Lab(CLAIM)

    found = regrade(lab)

    assert lab.did == ["renew", f"start {FAULT}", "type", "grade"]
    assert found.status == "confirmed"
    assert found.verified
    assert found.verified.points == CLAIM.points
    assert found.forms[0].commands == 2


def test_what_does_not_bear_out_the_claim(regrade: Run) -> None:
    """A forged verdict has no effect."""
    found = regrade(Lab(WRONG))

    assert found.status == "differs"
    assert found.reasons == ("vip: claimed passed, regraded failed",)
    assert found.verified
    assert not found.verified.solved


def test_differences_where_typing_is_not_enough(regrade: Run) -> None:
    """What was done in an editor is in no text; the lab is a fresh one."""
    lab = Lab(WRONG, CLAIM)

    found = regrade(lab, differences=DIFFERENCES)

    assert lab.did.count("renew") == 2
    assert lab.did[-2:] == ["apply", "grade"]
    assert found.status == "confirmed"
    assert (found.forms[1].commands, found.forms[1].failed) == (3, 1)


def test_differences_alone(regrade: Run) -> None:
    """Nothing was recorded."""
    lab = Lab(CLAIM)

    found = regrade(lab, typed=b"", differences=DIFFERENCES)

    assert "type" not in lab.did
    assert found.status == "confirmed"


def test_a_wrong_repair_that_claims_nothing(regrade: Run) -> None:
    """It is played once: there is nothing to find."""
    lab = Lab(WRONG)
    claim = WRONG.to_json().encode()

    found = regrade(lab, differences=DIFFERENCES, result=claim)

    assert lab.did.count("grade") == 1
    assert found.status == "confirmed"


def test_nothing_was_done(regrade: Run) -> None:
    """The lab as shipped is graded."""
    lab = Lab(WRONG)

    found = regrade(lab, typed=b"", result=WRONG.to_json().encode())

    assert lab.did[-2:] == ["type", "grade"]
    assert found.status == "confirmed"


def test_a_text_that_cannot_be_typed(regrade: Run) -> None:
    """A block without an end: the differences count."""
    lab = Lab(WRONG, CLAIM)

    found = regrade(lab, typed=b"```shell\nk", differences=DIFFERENCES)

    assert "a ``` block must be closed" in found.forms[0].problem
    assert found.status == "confirmed"


def test_a_cluster_that_does_not_answer_any_more(regrade: Run) -> None:
    """The repair may have broken it, or another one that ran next to it."""
    lab = Lab(CannotCheck("no API server"))

    found = regrade(lab)

    assert (found.status, found.again) == ("stopped", True)
    assert found.reasons == ("typed: no API server",)
    assert not regrade(Lab(CannotCheck("no API server")), last=True).again


def test_a_check_that_could_not_be_carried_out(regrade: Run) -> None:
    """It is tried once more before that counts."""
    check = CLAIM.checks[0].model_copy(
        update={"outcome": "cannot-check", "cause": "environment"}
    )
    unsure = CLAIM.model_copy(update={"checks": (check, *CLAIM.checks[1:])})

    assert regrade(Lab(unsure, CLAIM)).status == "confirmed"
    assert regrade(Lab(unsure, unsure)).status == "stopped"


def test_a_full_disk(regrade: Run) -> None:
    """What is left is not graded."""
    lab = Lab()
    lab.reason = "the disk is full"

    found = regrade(lab)

    assert found.status == "stopped"
    assert found.reasons == ("typed: the disk is full",)


def test_a_lab_that_does_not_start(regrade: Run) -> None:
    """The machine's fault costs nobody points."""
    found = regrade(Lab(OSError()))

    assert found.status == "error"
    assert found.reasons == ("no engine",)


def test_a_place_that_does_not_open(regrade: Run) -> None:
    """No stranger's command has run yet."""
    lab = Lab()
    lab.place_error = CannotCheck("no sandbox")

    assert regrade(lab).status == "error"


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (TooSlow([], 600, "", ""), "it took longer than 600 s"),
        ("half", "the shell ended"),
    ],
)
def test_differences_that_cannot_be_applied(
    regrade: Run,
    script: str | Exception,
    problem: str,
) -> None:
    """What was applied is graded all the same."""
    lab = Lab(WRONG)
    lab.script = script

    found = regrade(lab, typed=b"", differences=DIFFERENCES)

    assert found.forms[0].problem == problem
    assert found.status == "differs"


def test_the_guard_stops_all_of_a_lab(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Commands typed here, and containers; an engine may not answer."""
    stopped: list[str] = []

    def kill(student: str) -> None:
        stopped.append(student)
        raise CannotCheck("no engine")

    monkeypatch.setenv("METALLB_LAB_STATE", str(tmp_path))
    monkeypatch.setattr(module, "engine_folder", lambda: Path("/none"))
    monkeypatch.setattr(module, "end_commands", stopped.append)
    monkeypatch.setattr(module, "kill_lab", kill)

    with module._guarded("ada") as guard:
        guard._stop()

    assert stopped == ["ada", "ada"]
