"""A result as JUnit XML, for CI systems and gradebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from graders.errors import printable

if TYPE_CHECKING:
    from graders.grading.result import CheckResult, GradeResult


def to_junit(result: GradeResult) -> str:
    """Return `result` as JUnit XML.

    A check that the kit could not carry out is an error. One whose needed
    check did not pass is skipped: that one is a failure or an error already.
    """
    cases = [_case(result.lab, check) for check in result.checks]
    suite = ET.Element("testsuite", _counts(result, cases))
    suite.extend(cases)
    ET.indent(suite)
    text = ET.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _counts(result: GradeResult, cases: list[ET.Element]) -> dict[str, str]:
    kinds = [child.tag for case in cases for child in case]
    return {
        "name": result.lab,
        "tests": str(len(cases)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": f"{result.seconds:.3f}",
    }


def _case(lab: str, check: CheckResult) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=lab,
        name=printable(f"{check.name}: {check.sentence}"),
        time=f"{check.seconds:.3f}",
    )
    if check.outcome != "pass":
        verdict = ET.SubElement(case, _kind(check))
        verdict.set("message", printable(check.reason))
        verdict.text = _details(check)
    if check.measurements:
        output = ET.SubElement(case, "system-out")
        output.text = printable(check.measurements)
    return case


def _kind(check: CheckResult) -> str:
    if check.outcome == "fail":
        return "failure"
    return "skipped" if check.cause in {"needs", "needs-full"} else "error"


def _details(check: CheckResult) -> str | None:
    lines = [f"seen by {check.command}"] if check.command else []
    lines += check.evidence.splitlines()
    return "\n".join(map(printable, lines)) or None
