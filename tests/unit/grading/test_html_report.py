"""The page of a result needs nothing else, and shows what is broken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from graders.course.lab import all_labs, load_lab
from graders.errors import UsageError
from graders.grading.comparison import Measurement
from graders.grading.documents import write_document
from graders.grading.html_report import to_html
from graders.grading.result import CheckResult, Heading, summarise
from graders.plan.plan import make_plan
from graders.probes.outage import Event, Outage

if TYPE_CHECKING:
    from pathlib import Path

    from graders.course.lab import Lab
    from graders.grading.result import GradeResult

PLAN = make_plan("ada")
LAB = load_lab("3")


def _result(**fields: Any) -> GradeResult:  # noqa: ANN401 - any field
    """Return the result of one check, which fails unless `fields` say so."""
    plain = {
        "name": "fib",
        "layer": "route",
        "sentence": "the kernel has <both> next hops",
        "outcome": "fail",
        "points": 0,
        "of": 10,
        "seconds": 1,
        "reason": "expected two next hops, not <one>",
        "seen_by": "on router ip route show",
        "evidence": "</pre><script>alert(1)</script>\x1b[2J",
    }
    check = CheckResult.model_validate(plain | fields)
    heading = Heading(lab=LAB.id, title=LAB.title, student="ada", attempt=2)
    return summarise(heading, [check], 1)


def test_a_failure() -> None:
    """Reason, command and folded evidence are text and never markup."""
    page = to_html(_result(), LAB, PLAN)

    assert "First broken layer: route." in page
    assert "expected two next hops, not &lt;one&gt;" in page
    assert "<code>on router ip route show</code>" in page
    assert "<details><summary>Evidence</summary>\n<pre>&lt;/pre&gt;" in page
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\\x1b[2J" in page


def test_it_loads_nothing() -> None:
    """No address of another file is in it, and a policy forbids any."""
    page = to_html(_result(), LAB, PLAN)

    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href|url|@import)\s*[=(]", page)


@pytest.mark.parametrize("lab", all_labs())
def test_the_picture_has_the_student_s_numbers(lab: Lab) -> None:
    """And a mark where it is broken."""
    page = to_html(_result(), lab, PLAN)

    assert str(PLAN.machines["router"].lan) in page
    assert str(make_plan().machines["router"].lan) not in page
    assert page.count('class="broken"') == 1
    assert "Broken: route." in page


def test_solved() -> None:
    """Nothing is marked, and a measurement is shown."""
    result = _result(outcome="pass", measured="no answer for 3.1 s")

    page = to_html(result, LAB, PLAN)

    assert "Solved." in page
    assert "Measured: no answer for 3.1 s" in page
    assert 'class="broken"' not in page
    assert "Evidence" not in page


def test_an_outage() -> None:
    """It is drawn, with the same in words; markup in it is text."""
    events = [Event(0.2, "silent", "<worker>"), Event(1, "back", "<worker>")]
    lost = tuple(at / 5 for at in range(2, 400))
    outage = Outage("bgp", "http://10.0.100.7/", (0.0,), lost, (*events,))

    page = to_html(_result(outcome="pass", outage=outage), LAB, PLAN)

    summary = "398 of 399 connections lost, within 80.4 s"
    label = f"Requests to http://10.0.100.7/: {summary}"
    assert f'aria-label="{label}"' in page
    assert "<li>a, 0.0 s: &lt;worker&gt; is cut off</li>" in page
    assert "<li>b, 0.8 s: &lt;worker&gt; is back</li>" in page
    assert page.count('class="answered"') == page.count('class="lost"') == 1
    assert "<table>" not in page


def test_both_modes() -> None:
    """Once both are known, a table compares them."""
    at = "2026-11-30T03:00:00+00:00"
    bgp = Measurement("bgp", "lab-3-bgp-ecmp", at, 200, 12, 0.6, 9.1)
    arp = Measurement("layer-2", "lab-2-layer-2", at, 210, 36, 7.2, None)

    page = to_html(_result(), LAB, PLAN, [bgp, arp])

    row = '<th scope="row">requests lost</th><td>36 of 210</td>'
    assert f"{row}<td>12 of 200</td>" in page
    assert "<table>" not in to_html(_result(), LAB, PLAN, [bgp])


def test_without_a_verdict() -> None:
    """It says how many checks have none."""
    result = _result(outcome="cannot-check", cause="environment")

    assert "Nothing failed; 1 of 1 checks" in to_html(result, LAB, PLAN)


def test_size() -> None:
    """Evidence without an end does not make the page large."""
    one = _result(evidence="<" * 100_000)
    result = one.model_copy(update={"checks": one.checks * 6})

    page = to_html(result, LAB, PLAN)

    assert len(page.encode()) < 500_000
    assert "... (grade --json shows all)" in page


def test_files(tmp_path: Path) -> None:
    """It is written as a whole; a place that cannot be is named."""
    page = to_html(_result(), LAB, PLAN)
    write_document(tmp_path / "a.html", page, "--html")

    assert (tmp_path / "a.html").read_text() == page
    with pytest.raises(UsageError, match="give --html a file"):
        write_document(tmp_path / "none" / "a.html", page, "--html")
