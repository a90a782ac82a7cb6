"""What `lab submit` hands in solves the lab when it is played again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pexpect
import pytest

from graders.classroom import submission
from graders.classroom.differences_script import to_script
from graders.classroom.statement import verify
from graders.course.lab import load_lab
from graders.course.templates import names
from graders.course.walkthrough import FrontMatter, Walkthrough, typed_blocks
from graders.proof.driver import LabDriver
from graders.proof.typist import play
from graders.providers.kind_location import locate
from graders.settings import ROOT, SOLUTIONS
from graders.state.journal import chain_problems
from tests.commands import checked
from tests.depth import FULL

from .conftest import BIN, STUDENT, ok, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from graders.classroom.submission import Submission

pytestmark = pytest.mark.usefixtures("fresh", "config")

# A configuration of FRR, and a packet filter that a unit of systemd sets.
_SHORT: Final = (("3", "filter-open"), ("4", "node-firewall"))
# What these need besides is a command, such as a restart of a speaker.
_TYPED_ONLY: Final = frozenset({"two-controllers", "speakers-off"})
_ALL: Final = tuple(
    (str(number), variant)
    for number in range(1, 6)
    for variant in load_lab(str(number)).variants
    if variant not in _TYPED_ONLY
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Keep keys in a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("config")
        patch.setenv("METALLB_LAB_CONFIG", str(folder))
        yield folder


def _driver(number: str, variant: str) -> LabDriver:
    plan = locate(STUDENT).plan
    return LabDriver(plan, print, load_lab(number), variant)


def _handed_in(folder: Path) -> Submission:
    file = folder / "submission.lab"
    ok("lab", "submit", "--output", str(file))
    assert file.stat().st_size < 1_000_000
    return submission.read(file)


class Terminal:
    """A shell of `lab shell`, and a person at it."""

    def __init__(self, *argv: str) -> None:
        """Open it; it says that it records."""
        self.shell = pexpect.spawn(
            str(BIN / "lab"),
            ["shell", *argv],
            cwd=str(ROOT),
            env={**os.environ, "TERM": "dumb"},
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 250),
        )
        self.shell.expect("is recorded for `lab submit`")
        self.shell.expect(r"[#$] $")

    def type(self, *lines: str, prompt: str = r"[#$>] $") -> None:
        """Type lines, each once there is a prompt."""
        for line in lines:
            self.shell.sendline(line)
            self.shell.expect(prompt)

    def leave(self) -> None:
        """End the shell."""
        self.shell.sendline("exit")
        self.shell.expect(pexpect.EOF)
        self.shell.close()


def test_typed(tmp_path: Path) -> None:
    """Commands come back as typed, from each shell, and solve the lab."""
    ok("lab", "start", "1", "--variant", "no-pool")
    driver = _driver("1", "no-pool")
    pool = _pool(driver)
    _work(pool)

    found = _handed_in(tmp_path)

    assert found.result.solved, found.result.summary
    assert "\n".join(pool) in found.typed
    assert "secret-of-mine" not in found.typed
    blocks = typed_blocks(found.typed, "typed.md")
    typed = [(one.place, line) for one in blocks for line in one.lines]
    for expected in (
        ("shell", "on router ip route"),
        ("vtysh", "show running-config"),
        ("router", "ip route"),
        ("client", "ip address"),
    ):
        assert expected in typed, found.typed
    assert ("router", "vtysh") not in typed
    assert verify(found.statement, found.members)["lab"]
    assert chain_problems(found.journal_text) == []
    assert found.plan.fault == "no-pool"
    ok("lab", "reset")
    play(Walkthrough(tmp_path, FrontMatter(), blocks), driver.shell)
    assert checked(driver.grade()).solved


def _work(pool: Sequence[str]) -> None:
    """Repair the lab at a shell, and look at the router and the client."""
    terminal = Terminal()
    terminal.type("k get svc -A", " echo secret-of-mine", *pool)
    terminal.type("on router ip route")
    terminal.leave()
    router = Terminal("router")
    router.type("vtysh", "show running-config", "exit", "ip route")
    router.leave()
    ok("lab", "shell", "client", "-c", "ip address")


def _pool(driver: LabDriver) -> Sequence[str]:
    """Return the lines of a here-document that creates the pool."""
    plan = names(driver.plan)
    return (
        "k apply -f - <<'POOL'",
        "apiVersion: metallb.io/v1beta1",
        "kind: IPAddressPool",
        "metadata:",
        f"  name: {plan['pool_name']}",
        "  namespace: metallb-system",
        "spec:",
        f"  addresses: ['{plan['pool']}']",
        "POOL",
    )


@pytest.mark.parametrize(("number", "variant"), _ALL if FULL else _SHORT)
def test_differences(tmp_path: Path, number: str, variant: str) -> None:
    """What differs after a repair repairs a lab at its start, too."""
    ok("lab", "start", number, "--variant", variant)
    driver = _driver(number, variant)
    assert driver.lab
    driver.play(SOLUTIONS / driver.lab.id / f"{variant}.md")
    found = _handed_in(tmp_path)
    assert checked(found.result).flawless, found.result.summary
    script = tmp_path / "differences.sh"
    script.write_text(to_script(found.differences), encoding="utf-8")
    ok("lab", "reset")

    done = run(
        *("lab", "shell", "--no-record", "-c"),
        f"cd '{tmp_path}' && bash '{script}'",
    )

    result = checked(driver.grade())
    assert result.flawless, (
        f"{result.summary}\n{done.stdout}\n{done.stderr}\n"
        f"{script.read_text(encoding='utf-8')}"
    )


def test_nothing_typed(tmp_path: Path) -> None:
    """An unsolved lab can be handed in; a reset leaves nothing of before."""
    ok("lab", "start", "1")
    ok("lab", "shell", "-c", "k get svc")
    ok("lab", "reset")

    found = _handed_in(tmp_path)

    assert not found.result.solved
    assert "k get svc" not in found.typed
    assert not found.differences.machines, found.differences.to_json()
    assert not found.differences.objects.apply
    assert not found.differences.objects.delete
