"""The page of a lab: brief, picture, checks and folded hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from graders.course.topology import topology
from graders.site.check_pages import check_table
from graders.site.fragments import (
    Fragment,
    GeneratedPage,
    after_title,
    read_piece,
)
from graders.site.page_html import name_form
from graders.site.plan_placeholders import in_picture
from graders.yamlfile import line_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graders.course.lab import Lab

_RUNGS: Final = ("the concept", "the component", "the command")
_PROGRESS: Final = """\
<section id="lab-progress" class="lab-progress" data-lab="{id}" hidden>
<label for="progress-file">Your progress in this lab</label>
<input type="file" id="progress-file" accept=".json,application/json"
autocomplete="off" aria-describedby="progress-how">
<button type="button" class="md-button" hidden>Forget it</button>
<p role="status" aria-live="polite"></p>
<ul></ul>
<p id="progress-how"><code>.venv/bin/lab progress --json &gt;
progress.json</code> writes the file. It stays in this browser and is sent
nowhere.</p>
</section>
<script defer src="{up}assets/progress.js"></script>

"""
_GRADED: Final = """\
## Checks and points

Each `grade` runs every check again.
A check reads "cannot check" if a check that it needs has failed.

"""
_HINTS: Final = """\
## Hints

Try without hints first.
`.venv/bin/lab hint` looks at what is broken in your lab and shows the hint
for it; here the hints are listed by the check that fails.

"""


def lab_page(lab: Lab) -> GeneratedPage:
    """Return the page of a lab."""
    brief = read_piece(lab.folder / "README.md", template=True)
    title = f"Lab {lab.number}: {lab.title}"
    pieces = (
        Fragment(_head(lab, title)),
        Fragment(topology(lab, in_picture)),
        after_title(brief),
        Fragment(_GRADED + check_table(lab) + "\n"),
        Fragment(_HINTS),
        *_hints(lab),
    )
    return GeneratedPage(f"labs/{lab.id}.md", title, pieces)


def labs_page(labs: list[Lab]) -> GeneratedPage:
    """Return the page that lists the labs."""
    rows = [
        f"| [{lab.number}, {lab.title}]({lab.id}.md) |"
        f" {'; '.join(lab.objectives)} | {lab.minutes} |"
        for lab in labs
    ]
    text = "\n".join(
        [
            "# Labs",
            "",
            "Each lab is a cluster on your machine that is really broken.",
            "`make lab-1` starts lab 1; `.venv/bin/grade` grades it.",
            "",
            "| lab | what you learn | minutes |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )
    return GeneratedPage(
        "labs/index.md", "All labs", (Fragment(text, "docs/labs/index"),)
    )


def _head(lab: Lab, title: str) -> str:
    goals = "\n".join(f"- {one}" for one in lab.objectives)
    uri = f"labs/{lab.id}.md"
    box = name_form(uri)
    progress = _PROGRESS.format(id=lab.id, up="../" * uri.count("/"))
    return (
        f"# {title}\n\n"
        f"**Time:** {lab.minutes} minutes. **Begin:** `make lab-{lab.number}`,"
        f" or `STUDENT=ada make lab-{lab.number}` with your own name.\n\n"
        f"After this lab you can:\n\n{goals}\n\n{box}{progress}"
    )


def _hints(lab: Lab) -> Iterator[Fragment]:
    """Yield one folded block for each check: the hints for any fault.

    The ladders of a variant stay out: they would say which faults there
    are. `lab hint` shows them to those whose fault it is.
    """
    file = lab.folder / "lab.yml"
    place = f"labs/{lab.id}/lab.yml"
    root = yaml.compose(file.read_text(encoding="utf-8"))
    for check in lab.checks:
        rungs = lab.hints.get(check)
        if not rungs:
            continue
        yield Fragment(f'??? question "`{check}` fails"\n')
        for at, (name, rung) in enumerate(zip(_RUNGS, rungs, strict=True)):
            text = " ".join(rung.split())
            folded = f'    ??? tip "{name.capitalize()}"\n\n        {text}\n'
            line = line_in(root, ("hints", check, at))
            yield Fragment(folded, place, line, template=True)
