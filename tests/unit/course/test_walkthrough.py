"""Walkthroughs: markdown in, commands typed at a real bash."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from graders.course.walkthrough import (
    Block,
    FrontMatter,
    has_blocks,
    read_head,
    read_walkthrough,
)
from graders.errors import CannotCheck, UsageError
from graders.proof.typist import ShellSpec, Step, play

if TYPE_CHECKING:
    from pathlib import Path

    from graders.course.walkthrough import Walkthrough

FAKE_VTYSH = """
import sys
print("Hello, this is FRRouting\\n")
while True:
    sys.stdout.write("\\x1b[?2004hrouter# ")
    sys.stdout.flush()
    line = sys.stdin.readline()
    if not line:
        break
    if line.startswith("bad"):
        print("% Unknown command: " + line.strip())
    elif line.startswith("show"):
        print("an answer")
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return where a walkthrough is written."""
    return tmp_path / "page.md"


def read(page: Path, text: str, **values: Any) -> Walkthrough:  # noqa: ANN401
    """Write a walkthrough and read it."""
    page.write_text(text, encoding="utf-8")
    return read_walkthrough(page, values)


def typed(page: Path, text: str, timeout: float = 20) -> list[Step]:
    """Write a walkthrough and type it at bash."""
    shell = ShellSpec(
        ("bash", "--norc", "-i"), {"PATH": os.environ["PATH"]}, page.parent
    )
    return play(read(page, text), lambda _: shell, timeout)


def test_blocks_are_found(page: Path) -> None:
    """Blocks of places are read with plan values; others are prose."""
    found = read(
        page,
        "# Repair\n\n```yaml\na: 1\n```\n\n```shell\nk get {{ x }}\n```\n"
        "   ```router may-fail\n   vtysh\n     -c\n   ```\n",
        x="svc",
    )

    assert found.blocks == (
        Block("shell", ("k get svc",), page.as_posix(), 8),
        Block("router", ("vtysh", "  -c"), page.as_posix(), 11, may_fail=True),
    )


def test_lines_are_counted_from_the_top(page: Path) -> None:
    """The place of a line counts the front matter too."""
    found = read(page, "---\nvariant: a\n---\n\n```shell\ntrue\n```\n")

    assert found.head == FrontMatter("a")
    assert found.blocks[0].at(0) == f"{page.as_posix()}:6"


def test_head_is_read_alone(page: Path) -> None:
    """The front matter is read without the plan."""
    text = "---\nvariant: no-pool\nrefused-by: vip\n---\n{{ unknown }}\n"
    page.write_text(text, encoding="utf-8")

    assert read_head(page) == FrontMatter("no-pool", "vip", ())
    assert not has_blocks(page)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "```shell\n{{ nope }}\n```\n",
            "page.md:2: names .*: 'nope' is undef",
        ),
        ("```shell\n{{ \n```\n", r"page.md:3: names in \{\{ \}\} must be"),
        ("```shell\ntrue\n", r"page.md:1: a ``` block must be closed"),
        ("```shell may\ntrue\n```\n", "may come only may-fail, not 'may'"),
        ("nothing\n", "must have a ```shell block"),
        ("---\nvariant: a\n", "front matter must end in a line ---"),
        ("---\na: [\n---\n", "front matter must be YAML"),
        ("---\nvariants: a\n---\n", "found-by, not 'variants'"),
        ("---\njust words\n---\n", "must be one of variant, refused-by"),
    ],
)
def test_broken_pages(page: Path, text: str, rule: str) -> None:
    """What breaks the format is refused with file and rule, in one line."""
    with pytest.raises(UsageError, match=rule) as caught:
        read(page, text)

    assert "\n" not in str(caught.value)


def test_page_that_is_not_there(page: Path) -> None:
    """A missing file is named."""
    with pytest.raises(UsageError, match=r"could not read .*page\.md"):
        read_walkthrough(page, {})


def test_commands_are_typed(page: Path) -> None:
    """Each line is a command; the shell keeps its state between blocks."""
    steps = typed(
        page, "```shell\nx=7\n```\n\n```shell\necho $x; echo no >&2\n```\n"
    )

    assert [(step.command, step.output) for step in steps] == [
        ("x=7", ""),
        ("echo $x; echo no >&2", "7\nno"),
    ]


def test_long_commands_are_typed_whole(page: Path) -> None:
    """Here-documents, quotes, backslashes and loops are one command."""
    steps = typed(
        page,
        "```shell\n# a comment\ncat <<EOF\none\n\n# two\nEOF\n"
        "echo a \\\n  b\n\necho 'c\nd'\nfor i in 1 2; do\n  echo $i\ndone\n"
        "```\n",
    )

    assert [step.output for step in steps] == [
        "one\n\n# two",
        "a b",
        "c\nd",
        "1\n2",
    ]


def test_failure_stops_the_walkthrough(page: Path) -> None:
    """A command that fails stops it, with place, status and output."""
    rule = r"page\.md:3: `\(echo why; exit 5\)` must end with status 0, not 5"
    with pytest.raises(CannotCheck, match=rule + r".*it said: why"):
        typed(page, "```shell\ntrue\n(echo why; exit 5)\ntouch no\n```\n")

    assert not (page.parent / "no").exists()


def test_failure_may_be_meant(page: Path) -> None:
    """In a may-fail block a failing command is only noted."""
    steps = typed(
        page,
        "```shell may-fail\nfalse\n# still\n```\n```shell\n# on\ntrue\n```\n",
    )

    assert [step.status for step in steps] == [1, 0]


def test_prompt_in_output_is_not_taken_for_it(page: Path) -> None:
    """Output that looks like prompts, or has no last newline, is kept."""
    steps = typed(page, "```shell\nprintf '[x 0]$ # > '\nprintf b\n```\n")

    assert [step.output for step in steps] == ["[x 0]$ # > ", "b"]


@pytest.mark.slow
def test_endless_command(page: Path) -> None:
    """A command that does not end is named after the timeout."""
    rule = r"page\.md:2: `echo on; sleep 60`: no prompt within 1 s.*said: on"
    with pytest.raises(CannotCheck, match=rule):
        typed(page, "```shell\necho on; sleep 60\n```\n", timeout=1)


def test_shell_that_ends(page: Path) -> None:
    """A command that ends the shell is named."""
    with pytest.raises(CannotCheck, match="`exit 3`: the shell ended"):
        typed(page, "```shell\nexit 3\n```\n")


def test_open_quote_at_the_end(page: Path) -> None:
    """A block that ends inside a command is an error."""
    with pytest.raises(CannotCheck, match=r":2: the block ends inside a"):
        typed(page, "```shell\necho 'a\n```\n")


def test_shell_that_is_not_there(page: Path) -> None:
    """A shell that cannot be opened is named."""
    found = read(page, "```shell\ntrue\n```\n")
    shell = ShellSpec(("/nonexistent/bash",), {}, page.parent)

    with pytest.raises(CannotCheck, match="could not open `/nonexistent"):
        play(found, lambda _: shell)


def test_each_place_has_its_shell(page: Path) -> None:
    """Blocks of two places are typed at two shells that both stay open."""
    text = (
        "```shell\nx=$ME\n```\n\n```client\nx=$ME\n```\n\n"
        "```shell\necho $x\n```\n\n```client\necho $x\n```\n"
    )

    def shells(place: str) -> ShellSpec:
        env = {"ME": place, "PATH": os.environ["PATH"]}
        return ShellSpec(("bash", "--norc"), env, page.parent)

    steps = play(read(page, text), shells, 20)

    assert [step.output for step in steps] == ["", "", "shell", "client"]


def vtysh(page: Path, text: str) -> list[Step]:
    """Type at something that talks as vtysh does."""
    shell = ShellSpec(
        (sys.executable, "-c", FAKE_VTYSH), {}, page.parent, vtysh=True
    )
    return play(read(page, text), lambda _: shell, 20)


def test_vtysh_is_typed_at(page: Path) -> None:
    """At vtysh the router's prompt ends a command."""
    steps = vtysh(page, "```router\nshow ip route\n```\n")

    assert [step.output for step in steps] == ["an answer"]


def test_vtysh_complains(page: Path) -> None:
    """A line that vtysh does not understand stops the walkthrough."""
    with pytest.raises(CannotCheck, match="Unknown command: bad"):
        vtysh(page, "```router\nbad\n```\n")
