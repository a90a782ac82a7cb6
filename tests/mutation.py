"""Switch off the expectations of checks, one at a time.

A pytest plugin, which `scripts/mutate` runs on the fast tests of labs. They
run once to learn which expectations each check has, and which tests find one
unmet. Then each expectation is switched off in each check, and these tests
run again: one of them must fail.

An expectation that a check reaches in several ways, such as from two lines,
is switched off in each.
"""

from __future__ import annotations

import ast
import contextvars
import sys
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from _pytest.runner import runtestprotocol

from graders.checks.check import CheckFailed, expect, fail, get_spec
from graders.grading.check_spec import check_name
from graders.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path
    from types import FrameType

    import pytest

SHARED: Final = ROOT / "graders" / "checks"
LABS: Final = ROOT / "graders" / "labs"
# They have no expectations: these two define and export `expect` and `fail`.
_WITHOUT: Final = ("__init__", "check")


@dataclass(frozen=True, order=True)
class Call:
    """A line of a grader file, or of a module that grader files share."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return what an editor can open."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, order=True)
class Mutant:
    """A check without one of its expectations.

    `calls` lead to it, the innermost first. Without a check, it is one that
    no check of the labs reached.
    """

    check: str
    calls: tuple[Call, ...]


# The calls that led to the thread.
_outer: contextvars.ContextVar[tuple[Call, ...]] = contextvars.ContextVar(
    "outer", default=()
)
_submit: Final = ThreadPoolExecutor.submit


class Switch:
    """Replaces `expect` and `fail` in graders, and records their calls.

    A process in which it is installed is for mutation only.
    """

    def __init__(self) -> None:
        """Switch nothing off."""
        self.off: Mutant | None = None
        self.reached: set[Mutant] = set()
        self.unmet: set[Mutant] = set()
        self._check = ""
        self._lock = threading.Lock()

    def install(self, graders: list[Path]) -> None:
        """Replace the functions, and have checks say that they run."""
        for file in (*shared_files(), *graders):
            module = import_module(f"graders.{file.parent.name}.{file.stem}")
            for function in (expect, fail):
                if hasattr(module, function.__name__):
                    replacement = self._replacement(function)
                    setattr(module, function.__name__, replacement)
        for file in graders:
            module = import_module(f"graders.labs.{file.stem}")
            lab = "-".join(file.stem.split("_")[1:3])
            for name, value in [*vars(module).items()]:
                if isinstance(value, FunctionType) and get_spec(value):
                    check = f"{lab} {check_name(name)}"
                    setattr(module, name, self._marked(check, value))
        ThreadPoolExecutor.submit = _submit_with_calls  # type: ignore[assignment,method-assign] # the same arguments

    def _replacement(
        self, original: Callable[..., None]
    ) -> Callable[..., None]:
        @wraps(original)
        def replacement(*args: object, **more: object) -> None:
            mutant = Mutant(self._check, _calls_to(sys._getframe(1)))
            with self._lock:
                self.reached.add(mutant)
            if mutant == self.off:
                return
            try:
                original(*args, **more)
            except CheckFailed:
                with self._lock:
                    self.unmet.add(mutant)
                raise

        return replacement

    def _marked(self, name: str, check: FunctionType) -> Callable[..., None]:
        # Tests run one check at a time, though with threads.
        @wraps(check)
        def marked(*args: object) -> None:
            self._check = name
            try:
                check(*args)
            finally:
                self._check = ""

        return marked


def _calls_to(frame: FrameType | None) -> tuple[Call, ...]:
    """Return the calls of graders that are running, the innermost first."""
    calls = []
    while frame:
        file = frame.f_code.co_filename
        if file.startswith((f"{SHARED}/", f"{LABS}/")):
            calls.append(Call(file.removeprefix(f"{ROOT}/"), frame.f_lineno))
        frame = frame.f_back
    return (*calls, *_outer.get())


def _submit_with_calls(
    pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: object
) -> Future[Any]:
    """Have a thread know the calls that led to it."""
    context = contextvars.copy_context()
    context.run(_outer.set, _calls_to(sys._getframe(1)))
    return _submit(pool, context.run, function, *args)


class MutationPlugin:
    """Runs the collected tests, and again those that should notice a mutant.

    `survivors` are the mutants that no test notices, each with the reason.
    They are known unless tests `failed` without any mutant.
    """

    def __init__(self, graders: list[Path], files: list[Path]) -> None:
        """Mutate checks of `graders`; all expectations in `files` count."""
        self.count = 0
        self.survivors: dict[Mutant, str] = {}
        self.failed: list[str] = []
        self._graders = graders
        self._files = files
        self._switch = Switch()

    def pytest_sessionstart(self) -> None:
        """Replace functions before tests are imported."""
        self._switch.install(self._graders)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all tests once, then once more for each mutant."""
        tests: defaultdict[Mutant, list[pytest.Item]] = defaultdict(list)
        for item in session.items:
            self._switch.unmet.clear()
            if not _passes(item):
                self.failed.append(item.nodeid)
            for mutant in self._switch.unmet:
                tests[mutant].append(item)
        if not self.failed:
            self._mutate(tests)
        return True

    def _mutate(self, tests: Mapping[Mutant, list[pytest.Item]]) -> None:
        mutants = {mutant for mutant in self._switch.reached if mutant.check}
        for calls in _functions((*shared_files(), *self._graders)):
            mutants |= {
                Mutant(mutant.check, (call, *mutant.calls[1:]))
                for mutant in mutants
                if mutant.calls[0] in calls
                for call in calls
            }
        reached = {mutant.calls[0] for mutant in mutants}
        mutants |= {
            Mutant("", (call,))
            for calls in _functions(self._files)
            for call in calls - reached
        }
        self.count = len(mutants)
        for mutant in sorted(mutants):
            self._switch.off = mutant
            if not mutant.check:
                self.survivors[mutant] = "no check reaches it"
            elif mutant not in tests:
                self.survivors[mutant] = "no test has it unmet"
            elif all(map(_passes, tests[mutant])):
                self.survivors[mutant] = "the tests pass without it"
        self._switch.off = None


def shared_files() -> list[Path]:
    """Return the modules of expectations that grader files share."""
    files = sorted(SHARED.glob("*.py"))
    return [file for file in files if file.stem not in _WITHOUT]


def _functions(files: Iterable[Path]) -> Iterator[set[Call]]:
    """Yield the calls of `expect` and `fail` of each function in `files`."""
    for file in files:
        name = str(file.relative_to(ROOT))
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in tree.body:
            lines = [
                node.lineno
                for node in ast.walk(function)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"expect", "fail"}
            ]
            yield {Call(name, line) for line in lines}


def _passes(item: Any) -> bool:  # noqa: ANN401 - what pytest keeps to itself
    """Run a test, which may have run before."""
    item._initrequest()
    reports = runtestprotocol(item, log=False, nextitem=None)
    return not any(report.failed for report in reports)
