"""A class that tells its board more than any class would, on loopback only.

The load is bounded in time and number, and ends by itself. The board is the
real command, killed in the middle and started again; students keep what it
did not answer and send it again, as the kit does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, Final

from graders.classroom.board.access import open_access
from graders.course.lab import LAYERS
from tests.paper_class import PaperClass, PaperStudent, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST: Final = "127.0.0.1"
_LAB: Final = Path(sys.executable).with_name("lab")
_PATIENCE_S: Final = 10
# After the last event, what the board has not got is sent again for as long
# as the load took, and at least so long.
_FLUSH_S: Final = 60
_DOWN_S: Final = 1.0


@dataclass(frozen=True)
class Load:
    """How many students, how many grades a second in all, and for how long.

    The board is killed and started again so many times.
    """

    students: int = 300
    grades: float = 30
    seconds: float = 20
    kills: int = 1


@dataclass
class Measured:
    """What came of it."""

    told: int = 0
    lost: int = 0
    twice: int = 0
    unsent: int = 0
    failures: int = 0
    limited: int = 0
    waits: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    rows: dict[str, Any] = field(default_factory=dict)
    peak_mb: float = 0
    cpu_s: float = 0
    wrong_rows: int = 0

    def lines(self) -> list[str]:
        """Return it in words."""
        cuts = [1000 * one for one in quantiles(self.waits, n=100)]
        slowest = 1000 * max(self.waits)
        return [
            f"events: told {self.told}, lost {self.lost}, twice {self.twice}",
            f"events that students still have: {self.unsent}",
            f"requests without an answer: {self.failures}",
            f"requests over a student's limit: {self.limited}",
            f"answers in ms: median {cuts[49]:.0f}, slowest {slowest:.0f}",
            f"99 of 100 answers in {cuts[98]:.0f} ms",
            f"messages to the page: {len(self.gaps)}",
            f"longest time without one: {max(self.gaps):.1f} s",
            f"wrong rows on the page: {self.wrong_rows}",
            f"memory of the board: at most {self.peak_mb:.0f} MB",
            f"processor time of the board: {self.cpu_s:.1f} s",
        ]


class Crowd:
    """Students who grade, and keep what the board has not answered."""

    def __init__(self, paper: PaperClass, load: Load, port: int) -> None:
        """Make tickets and keys."""
        self.load = load
        self.port = port
        self.measured = Measured()
        self.told: dict[str, str] = {}
        self.last: dict[str, int] = {}
        self._students = {
            name: PaperStudent(paper.ticket(name))
            for name in (f"student-{n}" for n in range(load.students))
        }
        self._kept: dict[str, list[dict[str, Any]]] = {
            name: [] for name in self._students
        }
        self._busy: set[str] = set()

    @property
    def unsent(self) -> set[str]:
        """The events that the board has not answered."""
        return {one["id"] for kept in self._kept.values() for one in kept}

    async def work(self) -> None:
        """Tell grades at the load's pace, then what is left."""
        chance = random.Random(1)  # noqa: S311 - the same load every time
        names = list(self._students)
        running: set[asyncio.Task[None]] = set()
        began = time.monotonic()
        for n in range(int(self.load.grades * self.load.seconds)):
            due = began + n / self.load.grades
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            name = names[n % len(names)]
            self._grade(name, chance)
            task = asyncio.create_task(self._send(name))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        until = time.monotonic() + max(_FLUSH_S, self.load.seconds)
        while any(self._kept.values()) and time.monotonic() < until:
            await asyncio.sleep(0.5)
            for name in names:
                await self._send(name)

    def _grade(self, name: str, chance: random.Random) -> None:
        attempt = self.last.get(name, 0) + 1
        self.last[name] = attempt
        told = event(
            "grade",
            attempt=attempt,
            layer=chance.choice(LAYERS),
            points=chance.randint(0, 99),
            total=100,
        )
        self.told[told["id"]] = name
        self._kept[name].append(told)

    async def _send(self, name: str) -> None:
        """Send what is kept, at most a message's worth, once at a time."""
        if name in self._busy or not self._kept[name]:
            return
        self._busy.add(name)
        events = self._kept[name][:20]
        began = time.monotonic()
        try:
            body = self._students[name].message(*events)
            async with asyncio.timeout(_PATIENCE_S):
                status = await _post(self.port, body)
        except (OSError, TimeoutError, ValueError):
            status = 0
        finally:
            self._busy.discard(name)
        if status == 200:
            self.measured.waits.append(time.monotonic() - began)
            del self._kept[name][: len(events)]
        elif status == 429:
            self.measured.limited += 1
        else:
            self.measured.failures += 1


async def _post(port: int, body: bytes) -> int:
    """Return the status of the board's answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        head = (
            f"POST /events HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
        )
        writer.write(f"{head}\r\n\r\n".encode() + body)
        await writer.drain()
        return int((await reader.read(1000)).split(None, 2)[1])
    except IndexError:
        raise OSError("no answer") from None
    finally:
        writer.close()


class Page:
    """The teacher's page: follows the stream, through restarts."""

    def __init__(self, port: int, cookie: str, measured: Measured) -> None:
        """Know where the board is."""
        self._port = port
        self._cookie = cookie
        self._measured = measured
        self._heard = time.monotonic()

    async def follow(self) -> None:
        """Read messages until cancelled."""
        while True:
            with contextlib.suppress(OSError, ValueError):
                async for message in self._messages():
                    now = time.monotonic()
                    self._measured.gaps.append(now - self._heard)
                    self._heard = now
                    for row in message["rows"]:
                        self._measured.rows[row["student"]] = row
            await asyncio.sleep(0.2)

    async def _messages(self) -> AsyncIterator[dict[str, Any]]:
        reader, writer = await asyncio.open_connection(
            HOST, self._port, limit=1 << 24
        )
        try:
            lines = (
                "GET /rows HTTP/1.1",
                "Host: x",
                f"Cookie: {self._cookie}",
            )
            writer.write("\r\n".join([*lines, "", ""]).encode())
            while line := await reader.readline():
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        finally:
            writer.close()


class Server:
    """The real command, which can be killed."""

    def __init__(self, folder: Path, port: int) -> None:
        """Remember what to start."""
        self._folder = folder
        self._port = port
        self._process: asyncio.subprocess.Process | None = None
        self.peak_mb = 0.0
        self.cpu_s = 0.0
        self.cookie = ""

    async def start(self) -> None:
        """Start it, and wait until it says where it is."""
        self._process = await asyncio.create_subprocess_exec(
            *(_LAB, "class", "board", "--class", self._folder),
            *("--listen", f"{HOST}:{self._port}"),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout
        async with asyncio.timeout(60):
            while b"login#" not in await self._process.stdout.readline():
                assert self._process.returncode is None
        token = (self._folder / "board" / "token").read_text().strip()
        name = open_access(self._folder / "board").cookie
        self.cookie = f"{name}={token}"

    def sample(self) -> None:
        """Note how much memory and processor time it has had."""
        assert self._process
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        peak = status.partition("VmHWM:")[2].split()[0]
        self.peak_mb = max(self.peak_mb, int(peak) / 1024)
        ticks = Path(f"/proc/{self._process.pid}/stat").read_text()
        used = ticks.rpartition(")")[2].split()[11:13]
        self.cpu_s += sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    async def end(self, number: signal.Signals) -> int:
        """Send it a signal; return how it ended."""
        assert self._process
        self._process.send_signal(number)
        async with asyncio.timeout(20):
            return await self._process.wait()


async def play(folder: Path, load: Load) -> Measured:
    """Put a load on a board, kill it in the middle, and look what is left."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    paper = PaperClass(folder)
    crowd = Crowd(paper, load, port)
    server = Server(folder, port)
    await server.start()
    page = asyncio.create_task(
        Page(port, server.cookie, crowd.measured).follow()
    )
    work = asyncio.create_task(crowd.work())
    for _ in range(load.kills):
        await asyncio.sleep(load.seconds / (load.kills + 1))
        server.sample()
        await server.end(signal.SIGKILL)
        await asyncio.sleep(_DOWN_S)
        await server.start()
    await work
    await asyncio.sleep(2)
    server.sample()
    page.cancel()
    ended = await server.end(signal.SIGINT)
    assert ended == 0, ended
    return _look(folder, crowd, server)


def _look(folder: Path, crowd: Crowd, server: Server) -> Measured:
    """Compare what was told with what the board has."""
    measured = crowd.measured
    with contextlib.closing(
        sqlite3.connect(folder / "board" / "board.sqlite")
    ) as base:
        stored = [one for (one,) in base.execute("SELECT id FROM events")]
    measured.told = len(crowd.told)
    measured.unsent = len(crowd.unsent)
    measured.lost = len(crowd.told.keys() - set(stored) - crowd.unsent)
    measured.twice = len(stored) - len(set(stored))
    measured.peak_mb = server.peak_mb
    measured.cpu_s = server.cpu_s
    measured.wrong_rows = sum(
        measured.rows.get(name, {}).get("attempts") != attempt
        for name, attempt in crowd.last.items()
    )
    return measured
