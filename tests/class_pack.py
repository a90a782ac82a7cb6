"""A class made of the kit's own walkthroughs, packed as submissions.

`python -m tests.class_pack FOLDER` packs all of them; with `--thirty`, a class
of thirty: right, other and wrong repairs of labs 1 to 5, each of which claims
full points.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.classroom import keys, statement, submission, zipped
from graders.course.lab import all_labs, load_lab
from graders.course.solutions import all_repairs
from graders.course.templates import names
from graders.course.walkthrough import read_text
from graders.grading.check_spec import check_functions, check_name, read_spec
from graders.grading.result import CheckResult, Heading, summarise
from graders.lifecycle.image_tag import recipe
from graders.plan.networks import stable_hash
from graders.plan.plan import make_plan, variant_for
from graders.settings import ROOT
from graders.state import journal, lab_state
from graders.state.lab_state import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.course.lab import Lab
    from graders.grading.result import GradeResult


@dataclass(frozen=True)
class Repair:
    """A walkthrough for a fault, and whether it solves the lab."""

    lab: Lab
    fault: str
    path: Path
    solved: bool

    @property
    def name(self) -> str:
        """Kind and name, such as wrong-second-peer."""
        return f"{self.path.parent.name}-{self.path.stem}"


@dataclass(frozen=True)
class Packed:
    """A submission, and the repair in it."""

    file: Path
    student: str
    solved: bool
    name: str


def repairs(labs: Sequence[str] = ()) -> list[Repair]:
    """Return all walkthroughs of labs, by default of each."""
    chosen = [load_lab(ref) for ref in labs] or all_labs()
    return [*chain.from_iterable(map(_of_lab, chosen))]


def thirty() -> list[Repair]:
    """Return thirty repairs of labs 1 to 5, a third of them wrong."""
    chosen: list[Repair] = []
    for number in range(1, 6):
        found = [*_of_lab(load_lab(str(number)))]
        solutions = [one for one in found if one.path.stem == one.fault]
        wrong = [one for one in found if not one.solved]
        other = [
            one for one in found if one.solved and one.path.stem != one.fault
        ]
        chosen += [*solutions[:2], *other[:2], *wrong[:2]]
    # Labs take turns, as submissions of a class do.
    parts = [chosen[at : at + 6] for at in range(0, 30, 6)]
    mixed = chain.from_iterable(zip_longest(*parts))
    return [one for one in mixed if one]


def _of_lab(lab: Lab) -> Iterator[Repair]:
    for fault, ours in all_repairs(lab).items():
        yield Repair(lab, fault, ours.solution, solved=True)
        for path in ours.other:
            yield Repair(lab, fault, path, solved=True)
        for wrong in ours.wrong:
            yield Repair(lab, fault, wrong.path, solved=False)


def pack_all(folder: Path, chosen: Sequence[Repair]) -> list[Packed]:
    """Pack repairs, each as a student who has that fault."""
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    packed = []
    for one in chosen:
        student = student_with(one.lab, one.fault, taken)
        taken.add(student)
        values = names(make_plan(student))
        file = folder / f"{student}-lab-{one.lab.number}.lab"
        typed = read_text(one.path, values)
        pack(file, student, one.lab, one.fault, typed=typed)
        packed.append(Packed(file, student, one.solved, one.name))
    return packed


def student_with(lab: Lab, fault: str, taken: set[str]) -> str:
    """Return a name whose own fault in a lab this is."""
    return next(
        name
        for name in (f"s{number}" for number in count(1))
        if name not in taken
        and variant_for(make_plan(name), lab.id, list(lab.variants)) == fault
    )


def pack(  # noqa: PLR0913 - the parts of a submission
    file: Path,
    student: str,
    lab: Lab,
    fault: str,
    *,
    typed: str = "",
    differences: submission.Differences | None = None,
) -> None:
    """Write a submission that claims full points."""
    result = full_points(lab, fault, student)
    run = sha256(f"{student} {lab.id}".encode()).hexdigest()[:8]
    state = State(lab.id, fault, run, 1)
    text = result.to_json()
    begun = {"kit": result.kit, "recipe": recipe(), "chosen": False}
    lines = journal.with_line("", state, journal.START, begun)
    lines = journal.with_line(
        lines,
        state,
        journal.GRADE,
        {
            "attempt": 1,
            "full": True,
            "solved": True,
            "points": result.points,
            "total": result.total,
            "first_broken_layer": None,
            "failed": [],
            "hints": 0,
            "result": sha256(text.encode()).hexdigest(),
        },
    )
    plan = submission.SubmittedPlan(
        student=student,
        slot=0,
        numbers=make_plan(student).as_vars(),
        kit=result.kit,
        recipe=recipe(),
        lab=lab.id,
        variant=lab_state.pack(fault),
        run=run,
    )
    texts = {
        zipped.RESULT: text,
        zipped.JOURNAL: lines,
        zipped.TYPED: typed,
        zipped.DIFFERENCES: (
            differences or submission.Differences()
        ).to_json(),
        zipped.PLAN: plan.to_json(),
    }
    members = {name: it.encode() for name, it in texts.items()}
    signer = keys.key_in(file.parent / f".{student}.key")
    predicate = _predicate(lab, result)
    submission.write(file, members, statement.sign(members, predicate, signer))


def _predicate(lab: Lab, result: GradeResult) -> dict[str, Any]:
    """Return what `lab submit` signs of a result."""
    return {
        "result": "PASSED",
        "configuration": [
            {
                "name": it.relative_to(ROOT).as_posix(),
                "digest": {"sha256": sha256(it.read_bytes()).hexdigest()},
            }
            for it in (lab.folder / "lab.yml", lab.grader_file)
        ],
        "passedTests": [check.name for check in result.checks],
        "failedTests": [],
        "kit": result.kit,
        "recipe": recipe(),
        "lab": lab.id,
        "student": result.student,
    }


def full_points(lab: Lab, fault: str, student: str) -> GradeResult:
    """Return the result of a lab in which all checks have passed."""
    values = make_plan(student).as_vars()
    functions = check_functions(lab.grader_file)
    # No two students measure the same.
    seconds = stable_hash(student) % 10_000 / 1000
    found = [check_name(one.__name__) for one in functions]
    checks = []
    for at, function in enumerate(functions):
        spec = read_spec(function, found[:at], lab.checks, values)
        if spec.variants and fault not in spec.variants:
            continue
        points = lab.checks[found[at]]
        checks.append(
            CheckResult(
                name=found[at],
                layer=spec.layer,
                sentence=spec.sentence,
                outcome="pass",
                points=points,
                max_points=points,
                seconds=seconds,
            )
        )
    heading = Heading(lab=lab.id, title=lab.title, student=student, attempt=1)
    return summarise(heading, checks, 1.0)


def main() -> None:
    """Pack what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--thirty", action="store_true")
    chosen = parser.parse_args()
    packed = pack_all(chosen.folder, thirty() if chosen.thirty else repairs())
    for one in packed:
        word = "right" if one.solved else "wrong"
        print(f"{one.file} {word} {one.name}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
