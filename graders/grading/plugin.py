"""The pytest plugin that turns a grader file into a list of results.

It knows points and order; pytest runs the checks. Whatever keeps the kit from
looking is a reason for `cannot-check`, never a failure.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from graders.checks.check import CheckSpec
from graders.errors import CannotCheck, KitError
from graders.grading.check_run import CheckRun, NotRun, describe
from graders.grading.check_spec import check_name, read_spec
from graders.grading.scheduler import CheckScheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from graders.course.lab import Lab
    from graders.grading.result import Cause, CheckResult
    from graders.probes.outage import Outage


class PlanLike(Protocol):
    """The part of a plan that grading uses."""

    @property
    def student(self) -> str:
        """The name of the student."""

    def as_vars(self) -> dict[str, Any]:
        """Return the numbers that sentences and hints may name."""


class SessionLike(Protocol):
    """The part of a session that grading uses; checks use the rest."""

    @property
    def plan(self) -> PlanLike:
        """The plan of the lab that is graded."""

    @property
    def measurements(self) -> Mapping[str, str]:
        """The measurements of checks, by name."""

    @property
    def outages(self) -> Mapping[str, Outage]:
        """The outages that checks measured, by name."""

    def require_machines(self) -> None:
        """Raise CannotCheck if a machine does not run."""


class GradePlugin:
    """Runs the checks of one lab and one variant, and collects results.

    `on_result` is called with each result as soon as it is there. Checks
    that disturb the lab run only with `full`.
    """

    def __init__(  # noqa: PLR0913 - what to grade, and how to report it
        self,
        lab: Lab,
        variant: str,
        session: SessionLike,
        on_result: Callable[[CheckResult], None] | None = None,
        *,
        full: bool = False,
    ) -> None:
        """Keep what to grade; pytest calls the hooks."""
        self.results: dict[str, CheckResult] = {}
        self.problems: list[str] = []
        # Not called `lab`: that is the fixture.
        self._lab = lab
        self._variant = variant
        self._session = session
        self._on_result = on_result
        self._full = full
        self._specs: dict[str, CheckSpec] = {}
        self._runs: dict[str, CheckRun] = {}
        self._items: list[pytest.Function] = []
        self._scheduler = CheckScheduler()
        self._output_error: OSError | None = None

    @pytest.fixture
    def lab(self) -> SessionLike:
        """Give a check its session."""
        return self._session

    def close(self, cause: Cause, reason: str) -> None:
        """Give every check without a result `cannot-check`, with a reason.

        Raises:
            OSError: `on_result` could not print.

        """
        if self.problems:
            cause, reason = "kit", "; ".join(self.problems)
        for spec in self._all_specs():
            if spec.name not in self.results:
                run = CheckRun(spec)
                run.record(NotRun(cause, reason))
                self._finish(run)
        if self._output_error:
            raise self._output_error

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]
    ) -> None:
        """Keep why the grader file could not be read."""
        if isinstance(node, pytest.Collector) and call.excinfo:
            error = call.excinfo.value
            # A CollectError's own text is a page of traceback.
            why = describe(error.__cause__ or error)
            self.problems.append(f"could not read {node.path.name}: {why}")

    def pytest_internalerror(
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> bool:
        """Keep what broke in pytest, and keep it off the screen."""
        self.problems.append(describe(excinfo.value))
        return True

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks of this variant, in the order of the file."""
        tests = [item for item in items if isinstance(item, pytest.Function)]
        names = [check_name(test.name) for test in tests]
        selected = [
            test
            for index, test in enumerate(tests)
            if self._select(test, names[:index])
        ]
        if not self.problems:
            self._note_missing(names)
        self._items = [] if self.problems else selected
        items[:] = self._items

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Stop a check whose needed checks did not pass."""
        spec = self._spec(item)
        self._runs[spec.name] = CheckRun(spec)
        if missing := self._unmet_needs(spec):
            raise NotRun("needs", f"needs {', '.join(missing)}")
        if spec.disruptive and not self._full:
            raise NotRun("needs-full", "needs grade --full")
        self._submit(item)

    def _spec(self, item: pytest.Item) -> CheckSpec:
        return self._specs[check_name(item.name)]

    def _unmet_needs(self, spec: CheckSpec) -> list[str]:
        """Return the needed checks that have not passed, or not yet."""
        return [
            need
            for need in spec.needs
            if need in self._specs
            and (
                need not in self.results
                or self.results[need].outcome != "pass"
            )
        ]

    def _submit(self, item: pytest.Item) -> None:
        """Start this check and those that may run in parallel with it."""
        index = next(i for i, test in enumerate(self._items) if test is item)
        for test in self._items[index:]:
            spec = self._spec(test)
            if spec.exclusive or test.fixturenames != ["lab"]:
                return
            if not self._unmet_needs(spec):
                self._scheduler.submit(
                    spec.name, partial(test.function, self._session)
                )

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Wait for a check that was started; None runs it now."""
        name = check_name(pyfuncitem.name)
        if not self._scheduler.started(name):
            return None
        self._scheduler.result(name)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> None:
        """Add up set-up, check and clean-up; the first exception counts."""
        run = self._runs[check_name(item.name)]
        run.seconds += (
            self._scheduler.seconds.get(run.spec.name, call.duration)
            if call.when == "call"
            else call.duration
        )
        if call.excinfo:
            run.record(call.excinfo.value, item.path)
            self._excuse(run)
        if call.when == "teardown":
            with _screen(item.config):
                self._finish(run)

    def _excuse(self, run: CheckRun) -> None:
        """Turn a failure into `cannot-check` if a machine has stopped.

        It may have failed because of that, which is not the student's doing.
        """
        if run.outcome == "fail":
            try:
                self._session.require_machines()
            except CannotCheck as error:
                run.withdraw(error)

    def _all_specs(self) -> list[CheckSpec]:
        """Return the checks, from lab.yml if the file could not be read."""
        if self._specs and not self.problems:
            return list(self._specs.values())
        return [
            self._specs.get(
                name,
                CheckSpec("", name=name, sentence=name, max_points=points),
            )
            for name, points in self._lab.checks.items()
        ]

    def _select(self, test: pytest.Function, earlier: list[str]) -> bool:
        """Read a check; return True if this variant has it."""
        try:
            spec = read_spec(
                test.function,
                earlier,
                self._lab.checks,
                self._session.plan.as_vars(),
            )
        except KitError as error:
            self.problems.append(
                f"could not read {test.path.name}: {test.name}: {error}"
            )
            return False
        if spec.variants and self._variant not in spec.variants:
            return False
        self._specs[spec.name] = spec
        return True

    def _note_missing(self, names: list[str]) -> None:
        self.problems += [
            f"the grader file has no check {name}, which lab.yml names"
            for name in self._lab.checks
            if name not in names
        ]

    def _finish(self, run: CheckRun) -> None:
        """Store a result and pass it on, until the output is closed."""
        name = run.spec.name
        result = run.result(
            self._session.measurements.get(name, ""),
            self._session.outages.get(name),
        )
        self.results[name] = result
        if self._on_result is None:
            return
        try:
            self._on_result(result)
        except OSError as error:
            self._on_result, self._output_error = None, error


def _screen(config: pytest.Config) -> AbstractContextManager[None]:
    """Let output through to the screen, past pytest's capture."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        return nullcontext()
    screen: AbstractContextManager[None] = (
        capture.global_and_fixture_disabled()
    )
    return screen
