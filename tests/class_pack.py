"""A class made of the kit's own walkthroughs, packed as submissions.

`python -m tests.class_pack FOLDER` packs all of them, and makes the class
FOLDER/class with a ticket for each; with `--thirty`, a class of thirty: right,
other and wrong repairs of labs 1 to 5, and four forged files. All claim full
points. `python -m tests.class_pack FOLDER --compare RESULTS` prints which
results of `lab class regrade` are wrong, and ends with 1 if any is.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graders.classroom import keys, statement, submission, zipped
from graders.classroom.class_folder import new_class, open_class
from graders.classroom.regraded import load, result_file
from graders.classroom.roster import to_csv
from graders.classroom.tickets import sign_ticket, today
from graders.course.lab import all_labs, load_lab
from graders.course.solutions import all_repairs
from graders.course.templates import names
from graders.course.walkthrough import read_text
from graders.errors import UsageError
from graders.grading.check_spec import check_functions, check_name, read_spec
from graders.grading.result import CheckResult, Heading, summarise
from graders.lifecycle.image_tag import recipe
from graders.plan.networks import stable_hash
from graders.plan.plan import make_plan, variant_for
from graders.plan.ticket import Ticket
from graders.settings import ROOT
from graders.state import journal, lab_state
from graders.state.lab_state import State
from tests.classes import entries
from tests.handed_in import edited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from graders.classroom.class_folder import Class
    from graders.course.lab import Lab
    from graders.grading.result import GradeResult
    from graders.plan.plan import Plan

    Change = Callable[[dict[str, bytes]], None]

CLASS: Final = "class"
_EXPECTED: Final = "expected.json"
_DAYS: Final = timedelta(days=90)


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
    """A submission, what is in it, and whether that solves the lab.

    `solved` is None for one that must not be played.
    """

    file: Path
    name: str
    solved: bool | None


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
    """Pack repairs, each as a student whose ticket has that fault."""
    folder.mkdir(parents=True, exist_ok=True)
    course = new_class(folder / CLASS, "Regrade", today() + _DAYS)
    packed = []
    for at, one in enumerate(chosen, start=1):
        plan, ticket = _enrolled(course, f"s{at:02}", one)
        file = folder / f"{plan.student}-lab-{one.lab.number}.lab"
        typed = read_text(one.path, names(plan))
        pack(file, plan, one.lab, one.fault, typed=typed, ticket=ticket)
        packed.append(Packed(file, one.name, one.solved))
    _write_expected(folder, packed)
    return packed


def forge_all(folder: Path, repair: Repair) -> list[Packed]:
    """Add what forgers would hand in to a class that was packed."""
    course = open_class(folder / CLASS)
    old = new_class(folder / "last-year", "Regrade before", today() + _DAYS)
    neighbour, _ = _enrolled(course, "neighbour", repair)
    numbers = edited(zipped.PLAN, numbers=neighbour.as_vars())
    forgeries: tuple[tuple[str, Class, Change, Change], ...] = (
        ("result", course, _nothing, edited(zipped.RESULT, attempt=7)),
        ("journal", course, _without_a_line, _nothing),
        ("numbers", course, numbers, _nothing),
        ("ticket", old, _nothing, _nothing),
    )
    forged = []
    for name, of, before, after in forgeries:
        plan, ticket = _enrolled(of, f"forger-{name}", repair)
        file = folder / f"{plan.student}-lab-{repair.lab.number}.lab"
        pack(
            *(file, plan, repair.lab, repair.fault),
            typed=read_text(repair.path, names(plan)),
            ticket=ticket,
            before=before,
            after=after,
        )
        forged.append(Packed(file, f"forged-{name}", None))
    _write_expected(folder, forged)
    return forged


def wrong_rows(folder: Path, results: Path) -> list[str]:
    """Return which results of a class are not as expected."""
    expected = json.loads((folder / _EXPECTED).read_text())
    wrong = []
    for file, (name, solved) in expected.items():
        try:
            row = load(result_file(results, Path(file)))
        except UsageError as error:
            wrong.append(f"{file} {name}: {error}")
            continue
        verdict = row.verified.solved if row.verified else None
        played = solved is not None
        if verdict is not solved or played is (row.status == "refused"):
            wrong.append(f"{file} {name}: {row.status}, {verdict}")
            wrong += [f"  {reason}" for reason in row.reasons]
    return wrong


def _write_expected(folder: Path, packed: Sequence[Packed]) -> None:
    """Add submissions to the list of what is expected of each."""
    file = folder / _EXPECTED
    known = json.loads(file.read_text()) if file.exists() else {}
    known |= {one.file.name: [one.name, one.solved] for one in packed}
    file.write_text(json.dumps(known, indent=1))


def _enrolled(course: Class, student: str, repair: Repair) -> tuple[Plan, str]:
    """Put a student on the roster; return the plan by a ticket, and that."""
    lab, faults = repair.lab, [*repair.lab.variants]
    nonce = next(
        nonce
        for nonce in map("{:016x}".format, count())
        if variant_for(make_plan(student, nonce=nonce), lab.id, faults)
        == repair.fault
    )
    ticket = Ticket(
        course=course.course,
        student=student,
        name=student.title(),
        nonce=nonce,
        issued=today(),
        valid_until=course.valid_until,
        key=course.key,
    )
    text = sign_ticket(ticket, course.signer())
    course.ticket_file(student).write_text(text)
    course.roster.write_text(to_csv(entries(*course.students())))
    return make_plan(student, nonce=nonce), text


def _nothing(_: dict[str, bytes]) -> None:
    """Change nothing."""


def _without_a_line(members: dict[str, bytes]) -> None:
    """Remove the first line of the journal."""
    members[zipped.JOURNAL] = members[zipped.JOURNAL].partition(b"\n")[2]


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
    plan: Plan,
    lab: Lab,
    fault: str,
    *,
    typed: str = "",
    differences: submission.Differences | None = None,
    ticket: str = "",
    before: Change = _nothing,
    after: Change = _nothing,
) -> None:
    """Write a submission that claims full points.

    A forger changes its files `before` they are signed, or `after`.
    """
    result = full_points(lab, fault, plan)
    run = sha256(f"{plan.student} {lab.id}".encode()).hexdigest()[:8]
    text = result.to_json()
    sent = submission.SubmittedPlan(
        student=plan.student,
        slot=0,
        numbers=plan.as_vars(),
        kit=result.kit,
        recipe=recipe(),
        lab=lab.id,
        variant=lab_state.pack(fault),
        run=run,
        ticket=json.loads(ticket) if ticket else None,
    )
    texts = {
        zipped.RESULT: text,
        zipped.JOURNAL: _journal(State(lab.id, fault, run, 1), result, text),
        zipped.TYPED: typed,
        zipped.DIFFERENCES: (
            differences or submission.Differences()
        ).to_json(),
        zipped.PLAN: sent.to_json(),
    }
    members = {name: it.encode() for name, it in texts.items()}
    before(members)
    signer = keys.key_in(file.parent / f".{plan.student}.key")
    signed = statement.sign(members, _predicate(lab, result, plan), signer)
    after(members)
    submission.write(file, members, signed)


def _journal(state: State, result: GradeResult, text: str) -> str:
    """Return a start and the grade."""
    begun = {"kit": result.kit, "recipe": recipe(), "chosen": False}
    lines = journal.with_line("", state, journal.START, begun)
    return journal.with_line(
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


def _predicate(lab: Lab, result: GradeResult, plan: Plan) -> dict[str, Any]:
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
        "nonce": plan.nonce,
    }


def full_points(lab: Lab, fault: str, plan: Plan) -> GradeResult:
    """Return the result of a lab in which all checks have passed."""
    values = plan.as_vars()
    functions = check_functions(lab.grader_file)
    # No two students measure the same.
    seconds = stable_hash(plan.student) % 10_000 / 1000
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
    heading = Heading(
        lab=lab.id, title=lab.title, student=plan.student, attempt=1
    )
    return summarise(heading, checks, 1.0)


def main() -> int:
    """Pack, or compare, what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--thirty", action="store_true")
    parser.add_argument("--compare", type=Path, metavar="RESULTS")
    given = parser.parse_args()
    if given.compare:
        lines = wrong_rows(given.folder, given.compare) or ["all as expected"]
        print(*lines, sep="\n")  # noqa: T201 - a script
        return int(lines != ["all as expected"])
    packed = pack_all(given.folder, thirty() if given.thirty else repairs())
    if given.thirty:
        packed += forge_all(given.folder, thirty()[0])
    words = {True: "right", False: "wrong", None: "forged"}
    for one in packed:
        print(f"{one.file} {words[one.solved]} {one.name}")  # noqa: T201 - a script
    return 0


if __name__ == "__main__":
    sys.exit(main())
