"""`lab class report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.common import command_context
from graders.errors import UsageError
from graders.grading.documents import write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from graders.classroom.regraded import Regraded

Export = Annotated[
    str,
    typer.Option(
        metavar="PATH",
        help="Write a file for each student to this folder, or the only"
        " student's to a file *.json.",
    ),
]


def report(  # noqa: PLR0913, PLR0917 - options of a command
    folder: Annotated[
        Path,
        typer.Argument(help="What `lab class regrade --results` wrote."),
    ],
    html: Annotated[
        str,
        typer.Option(metavar="FILE", help="By default FOLDER/report.html."),
    ] = "",
    csv: Annotated[
        str, typer.Option(metavar="FILE", help="By default FOLDER/report.csv.")
    ] = "",
    junit: Annotated[
        str, typer.Option(metavar="FILE", help="Write JUnit XML, too.")
    ] = "",
    gradebook: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="CSV that Canvas or Moodle exported; filled into FOLDER.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAB=NAME", help="Column of a lab in the gradebook."
        ),
    ] = None,
    roster: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="The roster, for logins in the gradebook."
        ),
    ] = "",
    gradescope: Export = "",
    prairielearn: Export = "",
    classroom50: Export = "",
) -> None:
    """Write a page and tables of regraded submissions; nothing is sent."""
    from graders.classroom.regraded import load_all
    from graders.classroom.report import best_rows, to_csv, to_report
    from graders.classroom.report_page import summary, to_html
    from graders.classroom.result_files import FORMATS
    from graders.classroom.result_files import junit as to_junit

    with command_context("lab class report", "demo"):
        rows = load_all(folder)
        report = to_report(rows)
        page = Path(html or folder / "report.html")
        write_document(page, to_html(report), "--html")
        write_document(
            Path(csv or folder / "report.csv"), to_csv(rows), "--csv"
        )
        if junit:
            write_document(Path(junit), to_junit(rows), "--junit")
        for file in gradebook or ():
            _fill(file, folder, best_rows(rows), (column or [], roster))
        paths = {
            "gradescope": gradescope,
            "prairielearn": prairielearn,
            "classroom50": classroom50,
        }
        for name, path in paths.items():
            if path:
                _export(rows, Path(path), f"--{name}", FORMATS[name])
        typer.echo(f"{summary(rows)} See {page}")


def _export(
    rows: Sequence[Regraded],
    path: Path,
    option: str,
    to_text: Callable[[Sequence[Regraded]], str],
) -> None:
    """Write a file for each student."""
    students: dict[str, list[Regraded]] = {}
    for row in rows:
        students.setdefault(row.student or row.file, []).append(row)
    if path.suffix != ".json":
        path.mkdir(parents=True, exist_ok=True)
        for student, theirs in students.items():
            write_document(path / f"{student}.json", to_text(theirs), option)
        return
    if len(students) > 1:
        raise UsageError(
            f"{path} is one file, and the results are of {len(students)}"
            " students",
            remedy=f"give {option} a folder",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_document(path, to_text(rows), option)


def _fill(
    file: Path,
    folder: Path,
    rows: Sequence[Regraded],
    names: tuple[Sequence[str], str],
) -> None:
    """Fill a gradebook; the file that was exported stays as it is."""
    from graders.classroom.gradebook import fill
    from graders.files import read_text

    columns, roster = names
    try:
        text = read_text(file, 8_000_000)
    except (OSError, ValueError) as error:
        raise UsageError(f"could not read {file}: {error}") from None
    filled = fill(text, rows, _columns(columns), _logins(roster))
    target = folder / f"filled-{file.name}"
    write_document(target, filled.text, "--gradebook")
    typer.echo(f"{target}: {filled.count} scores; import it")
    for student in filled.missing:
        typer.echo(f"{file.name} has no row for {student}", err=True)


def _columns(texts: Iterable[str]) -> dict[str, str]:
    """Return the names of columns by lab."""
    from graders.course.lab import load_lab

    found = {}
    for text in texts:
        lab, mark, name = text.partition("=")
        if not mark:
            raise UsageError(
                f"--column must be LAB=NAME, not {text!r}",
                remedy='--column "lab-1=Lab 1 (4711)"',
            )
        found[load_lab(lab).id] = name
    return found


def _logins(roster: str) -> dict[str, list[str]]:
    """Return what the students of a roster are called elsewhere."""
    from graders.classroom.roster import read_roster

    if not roster:
        return {}
    return {
        one.student: [name for name in (one.login, one.email) if name]
        for one in read_roster(Path(roster).expanduser())
    }
