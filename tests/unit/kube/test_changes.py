"""Changes of objects are noticed as the API server reports them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, cast

import pytest

from graders.kube import changes
from graders.kube.changes import ClusterChanges
from graders.kube.client import KubeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.kube.client import KubeClient

PODS = "/api/v1/pods"


def _event(kind: str, uid: str = "a", version: str = "1") -> bytes:
    metadata = {"uid": uid, "resourceVersion": version}
    return json.dumps(
        {"type": kind, "object": {"metadata": metadata}}
    ).encode()


class FakeClient:
    """Answers each watch of pods with the next answer, then blocks."""

    def __init__(self, *answers: list[bytes] | KubeError) -> None:
        """Keep the answers."""
        self.answers = [*answers]
        self.asked: list[str] = []
        self.done = threading.Event()
        self.ended = threading.Event()

    def lines(self, path: str, *_: object) -> Iterator[bytes]:
        """Yield the lines of one answer."""
        self.asked.append(path)
        if path.startswith(PODS) and self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, KubeError):
                raise answer
            yield from answer
            return
        if path.startswith(PODS):
            self.done.set()
        self.ended.wait(5)

    def interrupt(self) -> None:
        """End what is read."""
        self.ended.set()


def _notes(
    monkeypatch: pytest.MonkeyPatch, *answers: list[bytes] | KubeError
) -> int:
    """Return how many changes are noticed in these answers."""
    monkeypatch.setattr(changes, "_PAUSE_S", 0.01)
    monkeypatch.setattr(changes, "_NO_KIND_S", 0.01)
    client, notes = FakeClient(*answers), list[int]()
    watch = ClusterChanges(cast("KubeClient", client), lambda: notes.append(1))
    assert client.done.wait(5)
    watch.close()
    assert client.ended.is_set()
    assert len({path.partition("?")[0] for path in client.asked}) == len(
        changes.KINDS
    )
    return len(notes)


def test_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new version, and each deletion, is a change."""
    events = [
        *(_event("ADDED"), _event("MODIFIED", version="2")),
        *(_event("ADDED", "b"), _event("DELETED", "b", "3")),
    ]

    assert _notes(monkeypatch, events) == 4


def test_next_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next watch begins with is no change, unless it is new."""
    events = [_event("ADDED"), _event("ADDED", "b")]

    assert _notes(monkeypatch, events, events) == 2
    assert _notes(monkeypatch, events, [_event("ADDED", "b", "7")]) == 3


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server that does not answer is asked again."""
    error = KubeError("refused")

    assert _notes(monkeypatch, error, error, [_event("ADDED")]) == 1


def test_no_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that is not there yet is looked for again."""
    assert _notes(monkeypatch, [], [], [_event("ADDED")]) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"type": "ERROR", "object": {"code": 410}}',
        _event("DELETED", "x"),
    ],
)
def test_damaged(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    """A line that says nothing new is skipped."""
    assert _notes(monkeypatch, [line, _event("ADDED")]) == 1
