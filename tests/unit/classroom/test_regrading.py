"""Many submissions: in parallel, once each, and none costs another."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graders.classroom import regrading as module
from graders.classroom.prepare import Prepared
from graders.classroom.regrade_one import Task
from graders.classroom.regraded import Regraded, load, save
from graders.classroom.regrading import Regrading, Settings
from graders.errors import UsageError
from graders.plan.plan import make_plan
from graders.providers import capture
from graders.providers.capture import TooSlow
from tests.regraded_rows import refused, row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def item(student: str, name: str = "", **more: Any) -> Prepared:  # noqa: ANN401 - fields
    """Return a submission that is to be played."""
    file = Path(f"{name or student}.lab")
    known = row(student, file=file.name, status="refused", **more)
    return Prepared(file, known, make_plan(student))


@dataclass
class Workers:
    """Takes the place of the processes; what each does can be chosen."""

    do: dict[str, Callable[[Task], str]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    environments: dict[str, Mapping[str, str]] = field(default_factory=dict)
    beside: set[frozenset[str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Nothing runs yet."""
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def work(self, task: Task, environment: Mapping[str, str]) -> str:
        """Do what was chosen for a file, by default confirm it."""
        name = task.file.name.removesuffix(".lab")
        with self._lock:
            self._running.add(name)
            self.beside.add(frozenset(self._running))
            self.done.append(name)
            self.environments[name] = environment
        try:
            return self.do.get(name, confirm)(task)
        finally:
            with self._lock:
                self._running.remove(name)


def confirm(task: Task) -> str:
    """Write the result of a right repair."""
    save(task.result, outcome(task, "confirmed"))
    return ""


def outcome(task: Task, status: str, **more: object) -> Regraded:
    """Return what is known, with a status."""
    return task.known.model_copy(update={"status": status, **more})


@pytest.fixture
def regrade(tmp_path: Path) -> Callable[..., list[Regraded]]:
    """Return what regrades items with these workers."""

    def run(
        workers: Workers, *items: Prepared, jobs: int = 2
    ) -> list[Regraded]:
        settings = Settings(tmp_path, "sandbox", jobs, 10)
        told: list[Regraded] = []
        return Regrading(settings, items, told.append, workers.work).run()

    return run


Regrade = "Callable[..., list[Regraded]]"


def test_each_has_a_result(
    regrade: Callable[..., list[Regraded]], tmp_path: Path
) -> None:
    """In the order in which they were given."""
    workers = Workers()

    found = regrade(workers, item("ada"), item("bob"), item("cy"))

    assert [one.student for one in found] == ["ada", "bob", "cy"]
    assert {one.status for one in found} == {"confirmed"}
    assert load(tmp_path / "ada.regrade.json").status == "confirmed"


def test_nothing_is_done_twice(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """After a crash, it goes on with what has no result."""
    workers = Workers()
    regrade(workers, item("ada"))

    regrade(workers, item("ada"), item("bob"))

    assert workers.done == ["ada", "bob"]


def test_another_file_of_that_name_is_regraded(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """A student may hand in again."""
    workers = Workers()
    regrade(workers, item("ada"))

    regrade(workers, item("ada", sha256="f" * 64))

    assert workers.done == ["ada", "ada"]


def test_a_refused_one_needs_no_worker(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """Its reasons are known."""
    workers = Workers()
    one = Prepared(Path("eve.lab"), refused("eve", file="eve.lab"))

    (found,) = regrade(workers, one)

    assert found.status == "refused"
    assert not workers.done


def test_a_worker_that_dies_costs_its_own_row(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """It is tried once more, alone; then the row says what happened."""
    workers = Workers({"eve": lambda _: "the worker ended with -9: killed"})

    found = regrade(workers, item("ada"), item("eve"), item("bob"))

    assert [one.status for one in found] == ["confirmed", "error", "confirmed"]
    assert workers.done.count("eve") == 2
    assert frozenset({"eve"}) in workers.beside
    assert found[1].reasons[-1] == "the worker ended with -9: killed"


def test_a_worker_that_does_not_end(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """Nor does it hold the others."""
    workers = Workers({"eve": lambda _: ""})

    found = regrade(workers, item("eve"))

    assert found[0].status == "stopped"
    assert not found[0].again
    assert found[0].reasons[-1] == "no end within 60 minutes"


def test_what_a_neighbour_may_have_caused_is_tried_alone(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """A full disk stops both; alone, the innocent one has its score."""

    def stop(task: Task) -> str:
        if task.last and task.file.name == "ada.lab":
            return confirm(task)
        save(task.result, outcome(task, "stopped", again=not task.last))
        return ""

    workers = Workers({"ada": stop, "eve": stop})

    found = regrade(workers, item("ada"), item("eve"))

    assert [one.status for one in found] == ["confirmed", "stopped"]
    assert not found[1].again


def test_an_error_is_tried_again_by_the_next_regrade(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """The engine may have been down."""
    regrade(Workers({"ada": lambda _: "no engine"}), item("ada"))

    (found,) = regrade(Workers(), item("ada"))

    assert found.status == "confirmed"


def test_one_student_has_one_lab_at_a_time(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """Both would be the same cluster."""
    workers = Workers()

    regrade(workers, item("ada", "x"), item("ada", "y"), item("bob"))

    assert not any({"x", "y"} <= names for names in workers.beside)


def test_labs_with_the_same_networks_wait(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """Numbers of two names may collide."""
    workers = Workers()
    ada = item("ada")
    assert ada.plan
    other = replace(item("bob"), plan=replace(ada.plan, student="bob"))

    regrade(workers, ada, other)

    assert not any(len(names) > 1 for names in workers.beside)


def test_a_worker_has_folders_of_its_own(
    regrade: Callable[..., list[Regraded]], tmp_path: Path
) -> None:
    """The teacher's labs, progress and tickets stay out of it."""
    workers = Workers()
    ticket = {"payload": "x"}

    regrade(workers, replace(item("ada"), ticket=ticket), item("bob"))

    ours = workers.environments["ada"]
    assert Path(ours["METALLB_LAB_STATE"]).is_relative_to(tmp_path)
    config = Path(ours["METALLB_LAB_CONFIG"])
    assert (config / "tickets/ada.ticket").read_text() == '{"payload": "x"}'
    assert config != Path(workers.environments["bob"]["METALLB_LAB_CONFIG"])
    assert ours["METALLB_LAB_SLOT"] == "0"
    assert ours["METALLB_LAB_CONFINED"] == "1"


def test_two_files_of_one_name(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """One would have the other's result."""
    two = replace(item("bob"), file=Path("other/ada.lab"))

    with pytest.raises(UsageError, match="would have the same result"):
        regrade(Workers(), item("ada"), two)


def test_two_regrades_of_one_folder(
    regrade: Callable[..., list[Regraded]],
) -> None:
    """They would do everything twice."""

    def again(task: Task) -> str:
        with pytest.raises(UsageError, match="another regrade writes into"):
            regrade(Workers(), item("bob"))
        return confirm(task)

    regrade(Workers({"ada": again}), item("ada"))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The option is named."""
    (tmp_path / "file").touch()
    settings = Settings(tmp_path / "file", "here", 1, 10)

    with pytest.raises(UsageError, match="give --results a folder"):
        Regrading(settings, [item("ada")], print, Workers().work).run()


def test_ctrl_c_ends_the_workers(
    regrade: Callable[..., list[Regraded]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They remove their labs, and are waited for."""
    ended: list[bool] = []

    def interrupt(_: Task) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        capture, "terminate_children", lambda: ended.append(True)
    )

    with pytest.raises(KeyboardInterrupt):
        regrade(Workers({"ada": interrupt}), item("ada"))
    assert ended == [True]


def test_a_worker_is_ended_and_its_lab_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its time is over, whatever it waits for."""
    calls: list[list[str]] = []

    def late(argv: list[str], **_: object) -> None:
        calls.append(argv[4:])
        if len(calls) == 1:
            raise TooSlow(argv, 1, "", "")

    monkeypatch.setattr(capture, "run", late)

    assert module.run_worker(_task(tmp_path), {}) == ""
    assert calls == [[], ["clean", "ada"]]


def test_a_worker_says_why_it_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The last line of its errors is what counts."""
    monkeypatch.setattr(sys, "executable", "/bin/false")

    said = module.run_worker(_task(tmp_path), {})

    assert said == "the worker ended with 1: it said nothing"


def _task(folder: Path) -> Task:
    return Task(
        file=folder / "ada.lab",
        result=folder / "ada.regrade.json",
        known=row("ada"),
        place="sandbox",
    )
