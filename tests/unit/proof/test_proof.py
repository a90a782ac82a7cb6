"""The proof of a lab, with a driver that only pretends."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from graders.errors import CannotCheck, UsageError
from graders.grading.result import CheckResult, Heading, summarise
from graders.proof import proof as module
from tests.toy_lab import Lab, Variant

if TYPE_CHECKING:
    from pathlib import Path

    from graders.grading.result import Cause, GradeResult, Outcome

BLOCK = "```shell\ntrue\n```\n"
GREEN = {"vip": "", "pool": "", "http": ""}
RED = {"vip": "fail", "pool": "", "http": "needs vip"}


def result(outcomes: dict[str, str]) -> GradeResult:
    """Make a result; an outcome is empty, `fail`, or a cause or reason."""
    checks = []
    for name, what in outcomes.items():
        outcome: Outcome = "cannot-check"
        cause: Cause = "environment"
        if what in {"", "fail"}:
            outcome, cause = "fail" if what else "pass", ""
        elif what == "needs-full":
            cause = "needs-full"
        elif what.startswith("needs"):
            cause = "needs"
        checks.append(
            CheckResult(
                name=name,
                layer="allocation",
                sentence="x",
                outcome=outcome,
                cause=cause,
                points=0,
                max_points=1,
                seconds=0,
                reason=what,
            )
        )
    heading = Heading(lab="lab-9-toy", title="T", student="demo", attempt=1)
    return summarise(heading, checks, 0)


class Pretender:
    """A cluster on which every walkthrough has a known effect."""

    def __init__(self, effects: dict[str, dict[str, str] | None]) -> None:
        """Keep what each walkthrough leads to; None is an error."""
        self.effects = {"start": RED, "reset": RED, **effects}
        self.calls: list[str] = []
        self.state: dict[str, str] = {}

    def start(self, lab: Lab, variant: str) -> None:
        """Stand the lab up."""
        del lab, variant
        self._do("start")

    def reset(self) -> None:
        """Bring the fault back."""
        self._do("reset")

    def grade(self, *, full: bool = False) -> GradeResult:
        """Grade what stands; `later` is checked by a full grade only."""
        self.calls.append("grade --full" if full else "grade")
        state = dict(self.state)
        if "later" in state and not full:
            state["later"] = "needs-full"
        return result(state)

    def play(self, path: Path) -> None:
        """Pretend to type."""
        self._do(path.name)

    def _do(self, what: str) -> None:
        self.calls.append(what)
        found = self.effects[what]
        if found is None:
            raise CannotCheck(f"{what} broke", remedy="mend it")
        self.state = found


GOOD: dict[str, dict[str, str] | None] = {
    "no-pool.md": GREEN,
    "wide.md": {"vip": "", "pool": "fail", "http": ""},
    "other.md": GREEN,
}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Write solutions that are in order."""
    monkeypatch.setattr("graders.settings.SOLUTIONS", tmp_path)
    folder = tmp_path / "lab-9-toy"
    for name in ("wrong", "other"):
        (folder / name).mkdir(parents=True)
    write(folder / "no-pool.md", found_by="true")
    write(folder / "wrong" / "wide.md", "no-pool", "pool")
    write(folder / "other" / "other.md", "no-pool")
    return folder


def write(
    path: Path, variant: str = "", refused_by: str = "", found_by: str = ""
) -> None:
    """Write a walkthrough."""
    front = f"variant: {variant}\n" if variant else ""
    front += f"refused-by: {refused_by}\n" if refused_by else ""
    front += f"found-by: '{found_by}'\n" if found_by else ""
    head = f"---\n{front}---\n" if front else ""
    path.write_text(head + BLOCK, encoding="utf-8")


def proof(
    **effects: dict[str, str] | None,
) -> tuple[dict[str, module.ProofStep], Pretender]:
    """Prove the toy lab; `effects` replace those of good walkthroughs."""
    changed = {
        name if name in {"start", "reset"} else f"{name}.md": what
        for name, what in effects.items()
    }
    driver = Pretender({**GOOD, **changed})
    rows = module.prove(Lab(), ["no-pool"], driver)
    return {row.step: row for row in rows}, driver


def bad(rows: dict[str, module.ProofStep]) -> set[str]:
    """Return the steps that were not as expected."""
    return {step for step, row in rows.items() if not row.ok}


@pytest.mark.usefixtures("folder")
def test_good_lab_is_proven() -> None:
    """A good lab goes through all steps, reset between any two repairs."""
    rows, driver = proof()

    assert list(rows) == [
        "as shipped",
        "again",
        "wrong/wide.md",
        "no-pool.md",
        "other/other.md",
        "reset",
    ]
    assert module.proven(list(rows.values()))
    assert driver.calls == [
        *("start", "grade", "grade", "wide.md", "grade"),
        *("reset", "no-pool.md", "grade --full"),
        *("reset", "other.md", "grade", "reset", "grade"),
    ]


@pytest.mark.usefixtures("folder")
def test_full_grades_only_where_they_decide() -> None:
    """The first variant's solution, and what only a full check sees."""
    red = {**RED, "later": ""} if RED else {}
    rows, driver = proof(
        start=red,
        reset=red,
        wide={"vip": "", "pool": "fail", "http": "", "later": ""},
        **{
            "no-pool": {**GREEN, "later": ""},
            "other": {**GREEN, "later": "fail"},
        },
    )
    calls = [call for call in driver.calls if call.startswith("grade")]

    assert not bad(rows)
    assert calls == [
        *("grade", "grade", "grade", "grade --full"),
        *("grade", "grade"),
    ]
    thorough = module.prove(
        Lab(),
        ["no-pool"],
        Pretender(
            {
                "start": red,
                "reset": red,
                "wide.md": {**GREEN, "later": "fail", "pool": "fail"},
                "no-pool.md": {**GREEN, "later": ""},
                "other.md": {**GREEN, "later": "fail"},
            }
        ),
        depth="full",
    )
    assert bad({row.step: row for row in thorough}) == {"other/other.md"}


def test_brief_proofs_leave_out_what_the_first_variant_shows(
    folder: Path,
) -> None:
    """Wrong repairs are refused and the solution passes for each variant."""
    write(folder / "first.md", found_by="true")
    lab = Lab(variants={"first": Variant(), "no-pool": Variant()})

    rows = module.prove(lab, ["no-pool"], Pretender(GOOD), depth="brief")

    assert [row.step for row in rows] == [
        *("as shipped", "wrong/wide.md", "no-pool.md")
    ]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("depth", ["brief", "whole", "full"])
def test_the_plan_is_what_is_run(depth: module.Depth) -> None:
    """Each planned step is a row, with what is expected of it."""
    rows = module.prove(Lab(), ["no-pool"], Pretender(GOOD), depth=depth)

    lines = module.planned(Lab(), ["no-pool"], depth)

    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert line.startswith(f"lab-9-toy no-pool: {row.step}: grade ")
        assert line.endswith(f" {row.expected}")


@pytest.mark.usefixtures("folder")
def test_rows_are_told_at_once() -> None:
    """Each row is told as soon as it is there."""
    told: list[module.ProofStep] = []

    rows = module.prove(Lab(), ["no-pool"], Pretender(GOOD), told.append)

    assert told == rows


@pytest.mark.usefixtures("folder")
def test_a_row_says_whether_there_was_a_verdict() -> None:
    """A command that failed and a check that could not be made are none."""
    wrong, _ = proof(wide=GREEN)
    broke, _ = proof(wide=None)
    unseen, _ = proof(wide={"vip": "no answer", "pool": "", "http": ""})

    step = "wrong/wide.md"
    assert not any(rows[step].ok for rows in (wrong, broke, unseen))
    assert wrong[step].graded
    assert not broke[step].graded
    assert not unseen[step].graded


@pytest.mark.usefixtures("folder")
def test_fails_on_another_check_first() -> None:
    """A lab that fails on another check first is not as shipped."""
    rows, _ = proof(start={"pool": "fail", "vip": "fail"})

    assert "as shipped" in bad(rows)
    assert rows["as shipped"].expected == "fails on vip (allocation) first"
    assert rows["as shipped"].observed == "fails on pool, vip (allocation)"


@pytest.mark.usefixtures("folder")
def test_another_layer_first() -> None:
    """The layer that is named first must be the variant's, too."""
    lab = Lab(variants={"no-pool": Variant(layer="route")})

    (first, *_) = module.prove(lab, ["no-pool"], Pretender(GOOD))

    assert not first.ok
    assert first.expected == "fails on vip (route) first"
    assert first.observed == "fails on vip (allocation)"


@pytest.mark.usefixtures("folder")
def test_solved_as_shipped() -> None:
    """A lab that is solved as shipped is refused."""
    rows, _ = proof(start=GREEN)

    assert rows["as shipped"].observed == "passes"
    assert "as shipped" in bad(rows)


@pytest.mark.usefixtures("folder")
def test_error_of_the_kit_is_never_right() -> None:
    """A check that could not look is told, though the right one failed."""
    broken = {"vip": "fail", "pool": "no answer in 5 s"}
    rows, _ = proof(start=broken, reset=broken)

    assert "as shipped" in bad(rows)
    assert rows["as shipped"].observed == (
        "fails on vip (allocation); could not check pool (no answer in 5 s)"
    )


@pytest.mark.usefixtures("folder")
def test_wrong_repair_that_passes() -> None:
    """A wrong repair that passes is a hole in the lab."""
    rows, _ = proof(wide=GREEN)

    assert bad(rows) == {"wrong/wide.md"}


@pytest.mark.usefixtures("folder")
def test_wrong_repair_refused_by_another_check() -> None:
    """A wrong repair must be refused by the check that it names."""
    rows, _ = proof(wide=RED)

    assert bad(rows) == {"wrong/wide.md"}
    assert rows["wrong/wide.md"].expected == "fails on pool"


def test_wrong_repair_refused_by_one_of_several(folder: Path) -> None:
    """Which check comes first may hang on the student's numbers."""
    write(folder / "wrong" / "wide.md", "no-pool", "vip, pool")

    rows, _ = proof()

    assert not bad(rows)
    assert rows["wrong/wide.md"].expected == "fails on vip or pool"


@pytest.mark.usefixtures("folder")
def test_solution_that_does_not_repair() -> None:
    """A solution must pass."""
    rows, _ = proof(**{"no-pool": RED})

    assert bad(rows) == {"no-pool.md"}


@pytest.mark.usefixtures("folder")
def test_walkthrough_that_breaks() -> None:
    """A walkthrough that does not go through is told; the rest goes on."""
    rows, _ = proof(**{"no-pool": None})

    assert bad(rows) == {"no-pool.md"}
    assert rows["no-pool.md"].observed == "no-pool.md broke; mend it"


@pytest.mark.usefixtures("folder")
def test_reset_that_does_not_bring_the_fault_back() -> None:
    """After reset the verdict must be as shipped."""
    rows, _ = proof(reset=GREEN)

    assert "reset" in bad(rows)


@pytest.mark.usefixtures("folder")
def test_lab_that_does_not_start() -> None:
    """A lab that does not start ends the proof of its variant."""
    rows, driver = proof(start=None)

    assert list(rows) == ["as shipped"]
    assert driver.calls == ["start"]


def test_stray_files_stop_the_proof(folder: Path) -> None:
    """Nothing is proven while the solutions are astray."""
    (folder / "notes.txt").write_text("", encoding="utf-8")

    with pytest.raises(UsageError, match=r"only \.md files may be here"):
        proof()


def test_nothing_is_not_proven() -> None:
    """A proof without a step proves nothing."""
    assert not module.proven([])


def test_json() -> None:
    """The JSON has a version, the verdict and the rows."""
    row = module.ProofStep(
        "lab-9", "v", "again", "a", "b", ok=False, seconds=1.5
    )

    found = json.loads(module.as_json([row]))

    assert found["version"] == 1
    assert found["proven"] is False
    assert found["rows"][0]["observed"] == "b"


def test_table() -> None:
    """The table shows what came out as expected and what did not."""
    rows = [
        module.ProofStep("lab-9", "v", "again", "a", "[b]", ok=ok, seconds=1.5)
        for ok in (True, False)
    ]
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(module.table(rows))
    text = console.export_text()

    assert "1 of 2 steps as expected" in text
    assert "NO" in text
    assert "[b]" in text


@pytest.mark.usefixtures("folder")
def test_a_surprise_says_why() -> None:
    """The failed checks' reasons are kept where a step surprises, only."""
    rows, _ = proof(**{"no-pool": RED})

    assert rows["no-pool.md"].reasons == ("vip: fail",)
    assert not rows["as shipped"].reasons
