"""What was typed, written so that it can be typed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.typed import walkthrough
from graders.course.walkthrough import Block, typed_blocks
from graders.lifecycle.record import Typed
from tests.fuzzing import FUZZ


def _blocks(*typed: Typed) -> list[tuple[str, list[str]]]:
    """Return place and lines of the blocks that are typed again."""
    blocks: tuple[Block, ...] = typed_blocks(
        walkthrough("lab-1", typed), "typed.md"
    )
    assert all(block.may_fail for block in blocks)
    return [(block.place, list(block.lines)) for block in blocks]


def test_places() -> None:
    """Commands that follow each other at one place are one block."""
    found = _blocks(
        Typed("shell", 1, "k get svc"),
        Typed("shell", 2, "cat <<EOF\na\n\nEOF", 1),
        Typed("worker", 3, "ip address"),
        Typed("shell", 4, "on router ip route"),
    )

    assert found == [
        ("shell", ["k get svc", "cat <<EOF", "a", "", "EOF"]),
        ("worker", ["ip address"]),
        ("shell", ["on router ip route"]),
    ]


def test_vtysh() -> None:
    """A session of vtysh ends in its first mode, and stays open."""
    found = _blocks(
        Typed("router", 1, "vtysh"),
        Typed("vtysh", 1, "conf t\nrouter bgp 64512\nexit\nend\nexit"),
        Typed("vtysh", 5, "exit"),
        Typed("router", 9, "exit"),
    )

    assert found == [("vtysh", ["conf t", "router bgp 64512", "end"])]


@pytest.mark.parametrize(
    "command",
    [
        *("k edit svc web", "kubectl -n lab-1 edit svc/web", "vi fix.yaml"),
        *("k get pods -w", "k logs deploy/web -f", "less x", "bash", "vtysh"),
        *("k exec -it deploy/web -- sh", ".venv/bin/grade", "make hint"),
        *("lab hint", "tail -f /var/log/syslog", "sudo vim x", "watch ls"),
    ],
)
def test_not_again(command: str) -> None:
    """What waits for a person, or is the kit's, is only told."""
    text = walkthrough("lab-1", [Typed("shell", 1, command)])

    assert typed_blocks(text, "typed.md") == ()
    if command != "vtysh":
        assert f"```text\n{command}\n```\n" in text


@pytest.mark.parametrize(
    "command",
    [
        *("curl -w '%{http_code}' http://x", "wc -w x", "bash -c true"),
        *("k exec deploy/web -- sh -c true", "k get pods", "make-it", "exits"),
        *("k wait --for=condition=Ready pod/x", "sh fix.sh", "grader"),
    ],
)
def test_again(command: str) -> None:
    """What ends by itself is typed again."""
    assert _blocks(Typed("shell", 1, command)) == [("shell", [command])]


def test_ctrl_c() -> None:
    """What Ctrl-C ended is only told, with the reason."""
    text = walkthrough("lab-1", [Typed("client", 1, "ping x", 130)])

    assert "at client: Ctrl-C ended it." in text
    assert typed_blocks(text, "typed.md") == ()


def test_no_template() -> None:
    """Braces are what was typed."""
    command = "k get svc -o go-template='{{ .spec }}{% raw %}'"

    assert _blocks(Typed("shell", 1, command)) == [("shell", [command])]


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Zl", "Zp", "Cc"])
            | st.sampled_from("\n`")
        ),
        max_size=4,
    )
)
@FUZZ
def test_any_text(texts: list[str]) -> None:
    """Whatever was typed comes back, also what looks like a fence."""
    typed = [Typed("client", 1, f"echo {text}") for text in texts]

    lines = [line for _, lines in _blocks(*typed) for line in lines]

    assert lines == [line for one in typed for line in one.text.split("\n")]
