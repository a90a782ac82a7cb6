"""The pytest plugin that turns a grader file into a list of results.

It knows points and order; pytest runs the checks. Whatever keeps it from
looking is said as a reason for `cannot-check`, never as a failure.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from graders.errors import CannotCheck, KitError
from graders.grading.check_spec import (
    PlannedCheck,
    Run,
    SessionLike,
    name_of,
    read_check,
)
from graders.grading.result import NEEDS_FULL, CheckResult
from graders.grading.scheduler import CheckScheduler
from graders.grading.verdict import Verdict, describe, verdict_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from graders.course.lab import Lab


class GradePlugin:
    """Runs the checks of one lab and one variant, and collects results.

    `on_result` is called with each result as soon as it is there. Checks
    that disturb the lab are made only with `full`.
    """

    def __init__(  # noqa: PLR0913 - what to grade, and how to tell of it
        self,
        lab: Lab,
        variant: str,
        session: SessionLike,
        on_result: Callable[[CheckResult], None] | None = None,
        *,
        full: bool = False,
    ) -> None:
        """Remember what to grade; pytest calls the rest."""
        self.results: dict[str, CheckResult] = {}
        self.problems: list[str] = []
        # Not called `lab`: that is the fixture.
        self._lab = lab
        self._variant = variant
        self._session = session
        self._on_result = on_result
        self._full = full
        self._planned: dict[str, PlannedCheck] = {}
        self._run = Run()
        self._items: list[pytest.Function] = []
        self._beside = CheckScheduler()
        self._unheard: OSError | None = None

    @pytest.fixture
    def lab(self) -> SessionLike:
        """Give a check the session that it looks through."""
        return self._session

    def close(self, reason: str) -> None:
        """Give every check without a result one: could not, for `reason`.

        Raises:
            OSError: `on_result` could not tell somebody.

        """
        reason = "; ".join(self.problems) or reason
        for check in self._all_planned():
            if check.name not in self.results:
                missing = Run(trouble=Verdict("cannot-check", reason))
                self._finish(check, missing)
        if self._unheard:
            raise self._unheard

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        """Remember why the grader file could not be read."""
        if isinstance(node, pytest.Collector) and call.excinfo:
            error = call.excinfo.value
            # A CollectError's own text is a page of traceback.
            why = describe(error.__cause__ or error)
            self.problems.append(f"could not read {node.path.name}: {why}")

    def pytest_internalerror(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> bool:
        """Remember what broke in pytest, and keep it from the screen."""
        self.problems.append(describe(excinfo.value))
        return True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks of this variant, in the order of the file."""
        tests = [item for item in items if isinstance(item, pytest.Function)]
        known = [name_of(test) for test in tests]
        kept = [
            test
            for at, test in enumerate(tests)
            if self._plan(test, known[:at])
        ]
        if not self.problems:
            self._note_missing(known)
        self._items = [] if self.problems else kept
        items[:] = self._items

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Stop a check whose needed checks did not pass."""
        self._run = Run()
        planned = self._planned[name_of(item)]
        if lacking := self._lacking(planned):
            raise CannotCheck(f"needs {', '.join(lacking)}")
        if planned.full and not self._full:
            raise CannotCheck(NEEDS_FULL)
        self._begin(item)

    def _lacking(self, check: PlannedCheck) -> list[str]:
        """Return the needed checks that have not passed, or not yet."""
        return [
            need
            for need in check.needs
            if need in self._planned
            and (
                need not in self.results
                or self.results[need].outcome != "pass"
            )
        ]

    def _begin(self, item: pytest.Item) -> None:
        """Begin this check and what may be made beside it."""
        at = next(i for i, one in enumerate(self._items) if one is item)
        for test in self._items[at:]:
            check = self._planned[name_of(test)]
            if check.alone or test.fixturenames != ["lab"]:
                return
            if not self._lacking(check):
                look = partial(test.function, self._session)
                self._beside.begin(check.name, look)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Take what a check came to that was begun; None runs it now."""
        name = name_of(pyfuncitem)
        if not self._beside.has(name):
            return None
        self._beside.end(name)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> None:
        """Add up set-up, check and clean-up; the first trouble counts."""
        own = self._beside.seconds.get(name_of(item), call.duration)
        self._run.seconds += own if call.when == "call" else call.duration
        if call.excinfo and not self._run.trouble:
            self._run.trouble = verdict_for(call.excinfo, item.path)
        if call.when == "teardown":
            with _screen(item.config):
                self._finish(self._planned[name_of(item)], self._run)

    def _all_planned(self) -> list[PlannedCheck]:
        """Return the checks, by lab.yml if the file could not be read."""
        if self._planned and not self.problems:
            return list(self._planned.values())
        return [
            self._planned.get(name, PlannedCheck(name, of, sentence=name))
            for name, of in self._lab.checks.items()
        ]

    def _plan(self, test: pytest.Function, before: list[str]) -> bool:
        """Note a check and return True if this variant has it."""
        try:
            check = read_check(
                test, before, self._lab.checks, self._session.plan.as_vars()
            )
        except KitError as error:
            self.problems.append(
                f"could not read {test.path.name}: {test.name}: {error}"
            )
            return False
        if check.variants and self._variant not in check.variants:
            return False
        self._planned[check.name] = check
        return True

    def _note_missing(self, known: list[str]) -> None:
        for name in self._lab.checks:
            if name not in known:
                self.problems.append(
                    f"the grader file has no check {name}, which lab.yml names"
                )

    def _finish(self, check: PlannedCheck, run: Run) -> None:
        verdict = run.trouble or Verdict("pass")
        result = CheckResult(
            name=check.name,
            layer=check.layer or "",
            sentence=check.sentence,
            points=check.of if verdict.outcome == "pass" else 0,
            of=check.of,
            seconds=round(run.seconds, 3),
            measured=self._session.measured.get(check.name, ""),
            **vars(verdict),
        )
        self.results[check.name] = result
        self._tell(result)

    def _tell(self, result: CheckResult) -> None:
        """Pass a result on; after a broken pipe there is nobody to tell."""
        if self._on_result is None:
            return
        try:
            self._on_result(result)
        except OSError as error:
            self._on_result, self._unheard = None, error


def _screen(config: pytest.Config) -> AbstractContextManager[None]:
    """Let what is printed through to the screen, past pytest's capture."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        return nullcontext()
    screen: AbstractContextManager[None] = (
        capture.global_and_fixture_disabled()
    )
    return screen
