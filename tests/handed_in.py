"""Complete submissions of classes, and what forgers make of them.

All that `lab submit` would write is consistent; a test changes one thing, and
signs again or not.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from typing import TYPE_CHECKING, Any

from graders.classroom import keys, statement, submission, zipped
from graders.classroom.verify import of_other_faults
from graders.course import lab as lab_module
from graders.grading.result import CheckResult, GradeResult, Heading, summarise
from graders.lifecycle import image_tag
from graders.plan.plan import make_plan, variant_for
from graders.plan.ticket import parse_ticket
from graders.settings import ROOT
from graders.state import journal, lab_state
from graders.state.lab_state import State
from tests.classes import ticket_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.classroom.class_folder import Class

# Each takes a tenth of a second.
load_lab = lru_cache(lab_module.load_lab)
recipe = lru_cache(image_tag.recipe)

KIT = metadata.version("metallb-lab-kit")
COMMANDS = (
    "k get svc web",
    "k get ipaddresspools -n metallb-system",
    "k describe svc web",
    "k apply -f pool.yaml",
)


@dataclass
class Work:
    """What one student has done, before it is put into a file.

    `hints` were shown between two grades, the last of which is the result.
    """

    student: str = "ada"
    lab: str = "1"
    ticket: dict[str, Any] | None = None
    nonce: str = ""
    failed: tuple[str, ...] = ()
    hints: int = 1
    gave_up: bool = False
    typed: tuple[str, ...] = COMMANDS
    pool: str = ""
    seconds: float = 0.125
    evidence: str = ""
    run: str = ""
    variant: str = ""
    slot: int = 0
    predicate: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, course: Class, student: str, **changes: Any) -> Work:  # noqa: ANN401 - its fields
        """Return the work of a student of a class."""
        text = ticket_text(course, student)
        at = sum(student.encode())
        values: dict[str, Any] = {
            "ticket": json.loads(text),
            "nonce": parse_ticket(text).nonce,
            "typed": (*COMMANDS, f"echo x{student}x"),
            "seconds": 0.001 * at,
        }
        return cls(student, **(values | changes))

    @property
    def members(self) -> dict[str, bytes]:
        """The files of the submission."""
        result, lines = self._graded()
        plan = make_plan(self.student, self.slot, nonce=self.nonce)
        fenced = "\n".join(["```shell may-fail", *self.typed, "```", ""])
        pool = {"kind": "IPAddressPool", "range": self.pool or plan.pool}
        changes = submission.Differences(
            objects=submission.ObjectChanges(apply=[pool])
        )
        texts = {
            zipped.RESULT: result.to_json(),
            zipped.JOURNAL: lines,
            zipped.TYPED: fenced,
            zipped.DIFFERENCES: changes.to_json(),
            zipped.PLAN: self._plan().to_json(),
        }
        return {name: text.encode() for name, text in texts.items()}

    def write(
        self,
        folder: Path,
        change: Callable[[dict[str, bytes]], None] = lambda _: None,
        *,
        again: bool = True,
        key: str = "",
    ) -> Path:
        """Write the file; `change` is made before it is signed, or after.

        It is signed with the key of this name, by default the student's own.
        """
        files = self.members
        if again:
            change(files)
        signer = keys.key_in(folder / "keys" / (key or self.student))
        signed = statement.sign(
            files, self._predicate() | self.predicate, signer
        )
        if not again:
            change(files)
        path = folder / f"{self.student}-lab-{self.lab}.lab"
        submission.write(path, files, signed)
        return path

    def _plan(self) -> submission.SubmittedPlan:
        plan = make_plan(self.student, self.slot, nonce=self.nonce)
        return submission.SubmittedPlan(
            student=self.student,
            slot=self.slot,
            numbers=plan.as_vars(),
            kit=KIT,
            recipe=recipe(),
            lab=load_lab(self.lab).id,
            variant=lab_state.pack(self._fault()),
            run=self.run or self._run(),
            ticket=self.ticket,
        )

    def _fault(self) -> str:
        plan, lab = (
            make_plan(self.student, nonce=self.nonce),
            load_lab(self.lab),
        )
        return self.variant or variant_for(plan, lab.id, [*lab.variants])

    def _run(self) -> str:
        text = f"{self.student} {self.lab} {self.nonce}"
        return sha256(text.encode()).hexdigest()[:8]

    def _result(self, attempt: int, failed: tuple[str, ...]) -> GradeResult:
        lab = load_lab(self.lab)
        checks = [
            CheckResult(
                name=name,
                layer="allocation",
                sentence=f"{name} is right.",
                outcome="fail" if name in failed else "pass",
                points=0 if name in failed else points,
                max_points=points,
                seconds=round(self.seconds + at / 1000, 3),
                evidence=self.evidence,
            )
            for at, (name, points) in enumerate(lab.checks.items())
            if name not in of_other_faults(lab.id, self._fault())
        ]
        heading = Heading(
            lab=lab.id, title=lab.title, student=self.student, attempt=attempt
        )
        return summarise(heading, checks, 1.0)

    def _graded(self) -> tuple[GradeResult, str]:
        """Return the last of two grades, and the journal."""
        lab = load_lab(self.lab)
        state = State(lab.id, self._fault(), self.run or self._run(), 0)
        first = self._result(1, (next(iter(lab.checks)),))
        last = self._result(2, self.failed).with_help(
            self.hints, gave_up=self.gave_up
        )
        events: list[tuple[str, dict[str, Any]]] = [
            (journal.START, {"kit": KIT, "recipe": recipe(), "chosen": False}),
            (journal.GRADE, graded(first)),
            *(
                (journal.HINT, {"number": at + 1, "check": "vip"})
                for at in range(self.hints)
            ),
        ]
        if self.gave_up:
            events.append((journal.GIVE_UP, {}))
        text = ""
        for event, data in (*events, (journal.GRADE, graded(last))):
            text = journal.with_line(text, state, event, data)
        return last, text

    def _predicate(self) -> dict[str, Any]:
        result, _ = self._graded()
        lab = load_lab(self.lab)
        return {
            "result": "PASSED" if result.solved else "FAILED",
            "configuration": [
                {
                    "name": file.relative_to(ROOT).as_posix(),
                    "digest": {
                        "sha256": sha256(file.read_bytes()).hexdigest()
                    },
                }
                for file in (lab.folder / "lab.yml", lab.grader_file)
            ],
            "passedTests": [
                it.name for it in result.checks if it.outcome == "pass"
            ],
            "failedTests": [it.name for it in result.failed],
            "kit": KIT,
            "recipe": recipe(),
            "lab": lab.id,
            "student": self.student,
            "nonce": self.nonce,
        }


def graded(result: GradeResult) -> dict[str, Any]:
    """Return what the journal has of a grade."""
    return {
        "attempt": result.attempt,
        "full": False,
        "solved": result.solved,
        "points": result.points,
        "total": result.total,
        "first_broken_layer": result.first_broken_layer,
        "failed": [check.name for check in result.failed],
        "hints": result.hints,
        "result": sha256(result.to_json().encode()).hexdigest(),
    }


def edited(name: str, **fields: Any) -> Callable[[dict[str, bytes]], None]:  # noqa: ANN401 - any JSON
    """Return a change of fields of a JSON file."""

    def change(files: dict[str, bytes]) -> None:
        files[name] = json.dumps(json.loads(files[name]) | fields).encode()

    return change


def chained(
    *change: Callable[[list[journal.Entry]], list[journal.Entry]],
) -> Callable[[dict[str, bytes]], None]:
    """Return a change of journal lines, whose chain is made again."""

    def apply(files: dict[str, bytes]) -> None:
        entries = [*journal.parse(files[zipped.JOURNAL].decode())]
        for one in change:
            entries = one(entries)
        before, lines = "", []
        for at, entry in enumerate(entries):
            line = json.dumps(asdict(replace(entry, n=at, before=before)))
            before = sha256(line.encode()).hexdigest()
            lines.append(line)
        files[zipped.JOURNAL] = "\n".join([*lines, ""]).encode()

    return apply
