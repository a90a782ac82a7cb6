"""A result as one page of HTML, which needs no other file and no network."""

from __future__ import annotations

from functools import reduce
from html import escape
from typing import TYPE_CHECKING, Any, Final

from graders.course.topology import topology
from graders.errors import printable
from graders.grading.comparison import comparison
from graders.grading.outage_figure import comparison_table, outage_figure
from graders.grading.report import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graders.course.lab import Lab
    from graders.grading.comparison import Measurement
    from graders.grading.result import CheckResult, GradeResult
    from graders.plan.plan import Plan

# Characters of evidence of one check; the page stays below 500 kB.
_EVIDENCE: Final = 8_000
# Nothing in the page runs, and nothing is loaded.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
STYLE: Final = """\
:root { color-scheme: light dark; --good: #1b7f3b; --bad: #b3261e;
  --wait: #8a5a00; --line: #8888; --box: #8881; }
@media (prefers-color-scheme: dark) {
  :root { --good: #6fd08c; --bad: #ff8a80; --wait: #e0b050; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem;
  margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
ol { list-style: none; padding: 0; }
ol > li { border-top: 1px solid var(--line); padding: .5rem 0; }
figcaption ul { margin: .2rem 0; }
p { margin: .2rem 0; }
.pass { color: var(--good); } .fail { color: var(--bad); }
.cannot-check { color: var(--wait); }
pre { overflow: auto; padding: .5rem; background: var(--box); }
figure { margin: 1rem 0; } svg { max-width: 620px; width: 100%; }
svg text { fill: currentColor; font-size: 14px; }
svg .mid { text-anchor: middle; } svg .end { text-anchor: end; }
svg .name { font-weight: 700; }
svg rect { fill: var(--box); stroke: var(--line); }
svg path { fill: none; stroke: var(--line); stroke-width: 1.5; }
svg .bus { stroke: currentColor; stroke-width: 3; }
svg .ours { stroke: var(--good); stroke-width: 5; }
svg .bgp, svg .dhcp { stroke-dasharray: 5 4; }
svg .answered, svg .lost { stroke-width: 4; }
svg .answered { stroke: var(--good); } svg .lost { stroke: var(--bad); }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; }
svg rect.broken { fill: none; stroke: var(--bad); stroke-width: 4;
  stroke-dasharray: 9 5; }
"""
# The head of all pages, with places for policy, title and style.
HEAD: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
"""
_PAGE: Final = (
    HEAD
    + """\
<h1>{title}</h1>
<p>Student {student}, attempt {attempt}.</p>
<p><strong>{verdict}</strong> {points} of {total} points.</p>
{figure}
<h2>Checks</h2>
<ol>
{checks}
</ol>
{table}
<p>Written by version {kit} of the kit.</p>
</body>
</html>
"""
)


def to_html(
    result: GradeResult,
    lab: Lab,
    plan: Plan,
    measured: Sequence[Measurement] = (),
) -> str:
    """Return `result` as HTML, with a picture of the student's network.

    What was `measured` before, in this lab or another, is compared in it.
    """
    layer = result.first_broken_layer or ""
    return _PAGE.format(
        policy=POLICY,
        style=STYLE,
        title=as_html(f"Lab {lab.number}: {result.title}"),
        student=as_html(result.student),
        attempt=result.attempt,
        verdict=_verdict(result),
        points=result.points,
        total=result.total,
        figure=topology(lab, lambda path: _number(plan, path), layer),
        checks="\n".join("\n".join(_check(check)) for check in result.checks),
        table="\n".join(comparison_table(comparison(measured))),
        kit=as_html(result.kit),
    )


def _verdict(result: GradeResult) -> str:
    if result.solved:
        return "Solved."
    if layer := result.first_broken_layer:
        return f"First broken layer: {layer}."
    missing, of = len(result.unchecked), len(result.checks)
    return f"Nothing failed; {missing} of {of} checks have no verdict."


def _check(check: CheckResult) -> Iterator[str]:
    """Yield the entry of one check, with its evidence folded."""
    yield "<li>"
    yield (
        f'<p><strong class="{check.outcome}">{MARKS[check.outcome][0]}'
        f"</strong> <em>{check.layer}</em>: {as_html(check.sentence)}"
        f" ({check.points}/{check.max_points})</p>"
    )
    if check.measurements:
        yield f"<p>Measured: {as_html(check.measurements)}</p>"
    yield from outage_figure(check)
    if check.outcome != "pass":
        yield f"<p>{as_html(check.reason)}</p>"
        if check.command:
            yield f"<p>Seen by <code>{as_html(check.command)}</code></p>"
        if evidence := _cut(check.evidence.strip("\n")):
            yield "<details><summary>Evidence</summary>"
            yield f"<pre>{as_html(evidence)}</pre></details>"
    yield "</li>"


def _cut(text: str) -> str:
    if len(text) <= _EVIDENCE:
        return text
    return f"{text[:_EVIDENCE]}\n... (grade --json shows all)"


def as_html(text: str) -> str:
    """Return a text as HTML, without what a terminal would act upon."""
    return escape(printable(text, keep="\n"))


def _number(plan: Plan, path: str) -> str:
    """Return a number of the student's plan by its name."""
    values: Any = plan.as_vars()
    return as_html(
        str(reduce(lambda at, key: at[key], path.split("."), values))
    )
