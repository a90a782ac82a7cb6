"""The first page shows a recording, if there is one."""

from __future__ import annotations

from graders.proof.recording import Pane, Recording
from graders.site.recording import MARK, with_recording

TEXT = (
    "lab-1\n\x1b[1;31mFAIL\x1b[0m  \x1b[32m<PASS>\x1b[0m"
    " \x1b[2mseen by\x1b[0m \x1b[1mSolved.\x1b[0m"
)
PANE = Pane(caption="A & B", command="grade", text=TEXT)
RECORDING = Recording(date="2026-11-30", kit="0.2.0", panes=(PANE, PANE))


def test_panes() -> None:
    """A caption, the command and its output, with colours and as text."""
    html = with_recording(f"<p>a</p>{MARK}<p>b</p>", RECORDING)

    assert html.startswith('<p>a</p><div class="recording"><figure>')
    assert html.endswith("</div><p>b</p>")
    assert html.count("<figcaption>A &amp; B</figcaption>") == 2
    assert "<b>$ grade</b>\nlab-1\n" in html
    assert '<span class="bad"><b>FAIL</b></span>' in html
    assert '<span class="good">&lt;PASS&gt;</span>' in html
    assert '<span class="dim">seen by</span> <b>Solved.</b>' in html
    assert "Recorded on 2026-11-30 with version 0.2.0" in html
    assert "\x1b" not in html


def test_without_a_recording() -> None:
    """Nothing is shown, and other pages stay as they are."""
    assert with_recording(f"<p>a</p>{MARK}", None) == "<p>a</p>"
    assert with_recording("<p>a</p>", RECORDING) == "<p>a</p>"
