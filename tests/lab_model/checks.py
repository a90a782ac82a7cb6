"""Checks of grader files, and the wrong states that they refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

import pytest

from graders.checks.check import CheckFailed, get_spec
from tests.fakes import FakeClock
from tests.lab_model.labs import healthy, lab_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graders.checks.session import Session
    from tests.lab_model.model import LabModel

    Change = TypeVar("Change", bound=Callable[[LabModel], object])


@dataclass(frozen=True)
class Wrong:
    """A state that a check refuses, as `change` makes it of a right one.

    `says` is a regular expression for the check's words, `after` are checks
    that it needs, `outcome` is CannotCheck where nobody can be judged.
    """

    check: str
    says: str
    change: Callable[[LabModel], object]
    after: tuple[str, ...] = ()
    outcome: type[Exception] = CheckFailed

    @property
    def name(self) -> str:
        """The state's name, as a file is called."""
        return self.change.__name__.strip("_").replace("_", "-")

    def __str__(self) -> str:
        """Return the row's id."""
        return f"{self.check}-{self.name}"


class WrongStates(list[Wrong]):
    """The wrong states of a lab, each a function that makes it so.

    A function that is called as a file in solutions/<lab>/wrong is this
    wrong repair.
    """

    def __call__(
        self,
        check: str,
        says: str,
        after: tuple[str, ...] = (),
        outcome: type[Exception] = CheckFailed,
    ) -> Callable[[Change], Change]:
        """Have `check` refuse what the function makes."""

        def note(change: Change) -> Change:
            self.append(Wrong(check, says, change, after, outcome))
            return change

        return note


@dataclass
class Judge:
    """Runs checks on one model after the other."""

    folder: Path
    model: LabModel = None  # type: ignore[assignment] # set by `on`
    clock: FakeClock = field(default_factory=FakeClock)

    def on(self, number: str, variant: str = "") -> LabModel:
        """Have a lab as it should be."""
        self.model = healthy(number, variant)
        return self.model

    def run(self, *names: str) -> Session:
        """Run checks in one session; return it."""
        return self.run_in(self.model.session(), *names)

    def run_in(self, session: Session, *names: str) -> Session:
        """Run more checks in a session."""
        lab = self.model.lab
        grader = import_module(f"graders.labs.{lab.grader_file.stem}")
        for name in names:
            getattr(grader, f"test_{name}")(session)
        return session

    def passes(self, number: str, name: str, *after: str) -> None:
        """Run a check in the lab as it should be."""
        variants = variants_of(number, name)
        self.on(number, variants[0] if variants else "")
        self.run(*after, name)

    def refuses(self, number: str, wrong: Wrong) -> None:
        """Run a check in a wrong state, and read what it says."""
        variants = variants_of(number, wrong.check)
        self.on(number, variants[0] if variants else "")
        wrong.change(self.model)
        with pytest.raises(wrong.outcome, match=wrong.says):
            self.run(*wrong.after, wrong.check)


def checks_of(number: str) -> list[str]:
    """Return the names of a lab's checks."""
    return [*lab_of(number).checks]


def variants_of(number: str, name: str) -> tuple[str, ...]:
    """Return the variants that a check is for, () for all."""
    lab = lab_of(number)
    grader = import_module(f"graders.labs.{lab.grader_file.stem}")
    spec = get_spec(getattr(grader, f"test_{name}"))
    return spec.variants if spec else ()
