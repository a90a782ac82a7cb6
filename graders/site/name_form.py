"""The box in which readers type their name, to see their own numbers."""

from __future__ import annotations

from typing import Final

_BOX: Final = """\
<link rel="stylesheet" href="{up}assets/lab.css">
<form class="student" data-student>
<label for="student">Your name in the lab</label>
<input id="student" name="student" value="demo" maxlength="20"
autocomplete="off" autocapitalize="none" spellcheck="false"
aria-describedby="student-told">
<button type="submit" class="md-button">Show my numbers</button>
<p id="student-told" role="status" aria-live="polite">These are the numbers
of <code>demo</code>.</p>
<p>If a network is already in use on your machine, the numbers
change; <code>.venv/bin/lab brief</code> shows the ones that apply.</p>
</form>
<noscript><p>Scripts are switched off here, so these are the numbers of
<code>demo</code>. <code>lab brief</code> shows yours.</p></noscript>
<script defer src="{up}assets/plan.js"></script>
<script defer src="{up}assets/student.js"></script>
"""


def with_box(html: str, uri: str) -> str:
    """Return a page; with the box if it has numbers of the plan.

    It comes right under the title. The first page of the site is to be
    light, so pages at the root do without and keep demo's numbers.
    """
    if "data-plan=" not in html or "data-student" in html or "/" not in uri:
        return html
    head, end, rest = html.partition("</h1>")
    return f"{head}{end}\n{name_box(uri)}{rest}" if end else html


def name_box(uri: str) -> str:
    """Return the box in HTML, for the page with this address."""
    return _BOX.format(up="../" * uri.count("/"))
