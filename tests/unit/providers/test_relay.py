"""The command `on` of a container without an engine, at a real socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from graders.providers import sandbox
from graders.providers.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    On = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(
    not shutil.which("curl"), reason="the image of the sandbox has curl"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a path that a socket may have."""
    with tempfile.TemporaryDirectory(prefix="relay-") as name:
        yield Path(name)


@pytest.fixture
def on(folder: Path) -> Iterator[On]:
    """Return the sandbox's command `on`; the router is this computer."""
    script = folder / "on"
    text = sandbox._ASK_SCRIPT.read_text("utf-8")
    script.write_text(text.replace("/kit/on.sock", f"{folder}/on.sock"))
    script.chmod(0o755)

    def run(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [script, *argv],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    with Relay(folder / "on.sock", {"router": ["env"]}, seconds=5):
        yield run


def test_output_errors_and_status_arrive_apart(on: On) -> None:
    """As they do from a machine."""
    done = on("router", "sh", "-c", "printf 'two\nlines'; echo no >&2; exit 7")

    assert (done.stdout, done.stderr) == ("two\nlines", "no\n")
    assert done.returncode == 7


def test_arguments_arrive_as_they_are(on: On) -> None:
    """No shell of this computer reads them."""
    words = ["a b", "$(touch /tmp/x)", "é", "", "-n", "two\nlines", "'"]

    done = on("router", "printf", "<%s>", *words)

    assert done.stdout == "".join(f"<{word}>" for word in words)


def test_standard_input_arrives(on: On) -> None:
    """Configuration is piped to a router's shell."""
    assert on("router", "cat", stdin="ip route\n").stdout == "ip route\n"


@pytest.mark.parametrize("place", ["desk", "../router", "router/", "x y"])
def test_other_places_are_refused(on: On, place: str) -> None:
    """Nothing but the lab's machines can be asked."""
    done = on(place, "true")

    assert done.returncode == 2
    assert done.stderr.startswith("on: ")


def test_a_command_is_needed(on: On) -> None:
    """As in the kit's own `on`."""
    assert "expected a machine and a command" in on("router").stderr


def test_what_does_not_end_is_ended(folder: Path) -> None:
    """A stranger's command cannot hold the kit."""
    with Relay(folder / "on.sock", {"router": ["env"]}, seconds=0.2) as ours:
        code, _, error = ours.answer("router", ["sleep", "60"], "")

    assert code == 124
    assert error == "on: no end within 0 s\n"


def test_some_commands_at_a_time(folder: Path) -> None:
    """A flood of them is refused, not queued."""
    ours = _relay(folder)
    ours._free._value = 0  # all are taken

    assert ours.answer("router", ["true"], "")[0] == 75


def test_a_program_that_is_not_there(folder: Path) -> None:
    """The docker client may be missing."""
    ours = _relay(folder, "/none")

    code, _, error = ours.answer("router", ["true"], "")

    assert (code, error[:4]) == (127, "on: ")


def test_words_are_needed(folder: Path) -> None:
    """An empty command would be a shell in some transports."""
    ours = _relay(folder)

    assert ours.answer("router", [], "")[0] == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["--header", "Arguments: %"], "400"),
        (["--header", "Content-Length: x", "--data-binary", "x"], "400"),
        (["--header", "Content-Length: 2000000", "--data", "x"], "413"),
    ],
)
def test_malformed_requests(
    on: On, folder: Path, headers: list[str], status: str
) -> None:
    """Whoever is in the sandbox may send anything."""
    done = subprocess.run(
        [
            *("curl", "--silent", "--max-time", "10", "--request", "POST"),
            *("--unix-socket", str(folder / "on.sock")),
            *("--write-out", "%{http_code}", "--output", os.devnull),
            *headers,
            "http://on/router",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == status
    assert on("router", "true").returncode == 0


def test_a_command_of_the_kit(folder: Path) -> None:
    """The script has its name; without a terminal no window is given."""
    script = folder / "lab"
    text = sandbox._ASK_SCRIPT.read_text("utf-8")
    script.write_text(text.replace("/kit/on.sock", f"{folder}/on.sock"))
    script.chmod(0o755)
    asked: list[Sequence[str]] = []

    def answer(words: Sequence[str], stdin: str) -> tuple[int, str, str]:
        asked.append([*words, stdin])
        return 4, "out\n", "error\n"

    with Relay(folder / "on.sock", {}, commands={"lab": answer}):
        done = subprocess.run(
            [script, "help", "why not?"],
            env=os.environ | {"LAB_WINDOW": "7"},
            input="not read",
            capture_output=True,
            text=True,
            check=False,
        )

    assert asked == [["", "help", "why not?", ""]]
    assert (done.stdout, done.stderr) == ("out\n", "error\n")
    assert done.returncode == 4


def _relay(folder: Path, program: str = "env") -> Relay:
    """Return one that serves nobody."""
    ours = Relay(folder / "on.sock", {"router": [program]})
    ours._server.server_close()
    return ours
