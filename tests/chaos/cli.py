"""The command line of `scripts/chaos`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tests.chaos.mishaps  # noqa: F401 - registers all kinds
from graders.errors import KitError
from graders.lifecycle.processes import terminate_tagged
from graders.plan.plan import check_student, make_plan
from graders.settings import state_dir
from tests.chaos import mishap, published
from tests.chaos.draw import draws
from tests.chaos.mishap import ENGINE, MISHAPS, ROOT
from tests.chaos.mishaps.engine import engine_pid
from tests.chaos.rounds import Player
from tests.chaos.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.chaos.draw import Draw
    from tests.chaos.mishap import Mishap
    from tests.chaos.published import Row, Run

_STATE: Final = "METALLB_LAB_STATE"
_PREFIX: Final = "metallb-lab-chaos-"


def main(argv: Sequence[str] | None = None) -> int:
    """Play rounds; return 0 if all were right, 1 if not, 3 if none could."""
    given = _parser().parse_args(argv)
    if given.list:
        _list(given.quick)
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        check_student(given.student)
        with _folder(given.logs) as folder, _state(folder):
            run = _play(given, folder)
            published.save(run, folder / "chaos.json")
            print(published.section(run))
            _print_failures(run.rows, given.student)
            if run.right < len(run.rows):
                print(f"all that was printed is in {folder}")
    except (KitError, KeyboardInterrupt) as error:
        print(f"chaos: {error or 'interrupted'}")
        return 3
    if given.publish:
        published.publish(run)
    return int(run.right < len(run.rows))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Play rounds of chaos on a lab; see docs/chaos.md.",
    )
    parser.add_argument("--rounds", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument(
        "--first", type=int, default=1, metavar="N", help="begin with round N"
    )
    parser.add_argument(
        "--kind", action="append", choices=sorted(MISHAPS), metavar="NAME"
    )
    parser.add_argument("--labs", default=",".join(mishap.LABS))
    parser.add_argument("--quick", action="store_true", help="cheap kinds")
    parser.add_argument("--list", action="store_true", help="print the kinds")
    parser.add_argument("--student", default="chaos")
    parser.add_argument("--logs", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--keep", action="store_true", help="leave the lab running"
    )
    parser.add_argument(
        "--publish", action="store_true", help="write docs/chaos.*"
    )
    return parser


def _list(quick: bool) -> None:  # noqa: FBT001 - an option of the command
    for one in sorted(MISHAPS.values(), key=lambda it: it.kind):
        if one.cheap or not quick:
            back = one.back or "as its message says"
            needs = f" (needs {' and '.join(one.needs)})" * bool(one.needs)
            print(f"{one.kind}: {one.about}; back: {back}{needs}")


def _play(given: argparse.Namespace, folder: Path) -> Run:
    """Play the rounds that the command line asks for."""
    labs = given.labs.split(",")
    mishaps = choose(given.kind, labs, quick=given.quick)
    here, missing = possible(mishaps, given.student)
    for one in missing:
        print(f"left out: {one.kind}, which needs {' and '.join(one.needs)}")
    if not here:
        raise KitError("no kind of mishap can be played here")
    rounds = islice(
        draws(given.seed, here, labs),
        given.first - 1,
        given.first - 1 + given.rounds,
    )
    run = published.new_run(given.seed)
    player = Player(
        given.student, folder, lambda line: print(line, flush=True)
    )
    try:
        for draw in rounds:
            run.rows.append(_round(player, draw, given.labs))
            published.save(run, folder / "chaos.json")
    finally:
        _end(player, keep=given.keep)
    return run


def choose(
    kinds: Sequence[str] | None, labs: Sequence[str], *, quick: bool
) -> list[Mishap]:
    """Return the mishaps that are wanted, for these labs."""
    return [
        one
        for one in MISHAPS.values()
        if set(labs) & set(one.labs)
        and (one.kind in kinds if kinds else one.cheap or not quick)
    ]


def possible(
    mishaps: Sequence[Mishap], student: str
) -> tuple[list[Mishap], list[Mishap]]:
    """Return the mishaps that can be played here, and the others."""
    there = {ROOT} if _can_mount() else set()
    if ROOT in there and _owns_engine(student):
        there.add(ENGINE)
    here = [one for one in mishaps if there.issuperset(one.needs)]
    return here, [one for one in mishaps if one not in here]


def _round(player: Player, draw: Draw, labs: str) -> Row:
    row = player.play(draw)
    for problem in row.problems:
        print(f"  WRONG: {problem}", flush=True)
    if row.problems:
        folder = player.folder / f"{draw.number:03}-{draw.mishap.kind}"
        logs = state_dir(player.student) / "logs"
        if logs.is_dir():
            shutil.copytree(logs, folder / "logs", dirs_exist_ok=True)
        again = repeat(draw, player.student, labs)
        print(f"  repeat it: {again}", flush=True)
    else:
        print(f"  right, {row.seconds} s", flush=True)
    return row


def repeat(draw: Draw, student: str, labs: str) -> str:
    """Return the command that plays a round again."""
    return (
        f"scripts/chaos --kind {draw.mishap.kind} --seed {draw.seed}"
        f" --first {draw.number} --rounds 1 --student {student}"
        f" --labs {labs}"
    )


def _print_failures(rows: Sequence[Row], student: str) -> None:
    for row in rows:
        for problem in row.problems:
            print(
                f"round {row.number}, {row.kind}, lab {row.lab}"
                f" {row.variant}, `{row.command}` {row.moment}, student"
                f" {student}: {problem}"
            )


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """Have a folder for what is printed; it stays if a round was wrong."""
    if wanted:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    yield folder
    run = published.load(folder / "chaos.json")
    if run and run.right == len(run.rows):
        shutil.rmtree(folder)


@contextmanager
def _state(folder: Path) -> Iterator[None]:
    """Keep the lab's state in the folder, unless the environment says where.

    The kit's own modules, which type solutions, find it by the environment.
    """
    if os.environ.get(_STATE):
        yield
        return
    place = folder / "state"
    os.environ[_STATE] = str(place)
    try:
        yield
    finally:
        del os.environ[_STATE]
        shutil.rmtree(place, ignore_errors=True)


def _end(player: Player, *, keep: bool) -> None:
    """Remove what the run has made."""
    folder = player.folder / "end"
    folder.mkdir(exist_ok=True)
    world = World(player.student, folder)
    terminate_tagged(str(world.state))
    if not keep:
        world.run(mishap.DOWN)


def _can_mount() -> bool:
    """Tell whether this is root, and may mount."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", _PREFIX, folder],
            capture_output=True,
            check=False,
        )
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=False)
        return mounted.returncode == 0


def _owns_engine(student: str) -> bool:
    """Tell whether the kit started the engine, and only for this lab."""
    if not engine_pid():
        return False
    listed = subprocess.run(
        ["docker", "ps", "--all", "--format", "{{.Names}}"],
        capture_output=True,
        text=True,
        check=False,
    )
    plan = make_plan(student)
    ours = {*plan.node_names(), *plan.machine_names()}
    return not listed.returncode and set(listed.stdout.split()) <= ours
