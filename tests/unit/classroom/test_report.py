"""What a report says of a class, as a page and as tables."""

from __future__ import annotations

import csv
import io
import re
import time

from graders.classroom.regraded import Work
from graders.classroom.report import best_rows, to_csv, to_report
from graders.classroom.report_page import summary, to_html
from tests.regraded_rows import refused, row

HARD = Work(
    attempts=4,
    hints=2,
    minutes=50,
    first_broken_layer="allocation",
    failing={"vip": 1200, "no such check": 9999},
    hints_read={"vip": 2},
    tries={"neighbours": 3, "vip": 1},
)


def test_rows_of_a_table() -> None:
    """One for each submission, with both scores."""
    rows = [row("ada", work=HARD), refused()]

    found = list(csv.DictReader(io.StringIO(to_csv(rows))))

    assert found[0]["verified_points"] == found[0]["claimed_points"]
    assert (found[0]["solved"], found[0]["minutes"]) == ("yes", "50")
    assert (found[1]["verified_points"], found[1]["status"]) == ("", "refused")


def test_a_spreadsheet_runs_nothing() -> None:
    """Reasons have words of strangers in them."""
    found = to_csv([refused(reasons=("=HYPERLINK(1)",))])

    assert "'=HYPERLINK(1)" in found


def test_what_was_hard() -> None:
    """Sums of all students, by check; what is no check is left out."""
    rows = [row("ada", work=HARD), row("bob", work=HARD)]

    found = to_report(rows)

    assert [(one.check, one.amount) for one in found.failing] == [("vip", 40)]
    assert [(one.check, one.students) for one in found.hints] == [("vip", 2)]


def test_what_fails_as_shipped_is_no_repair() -> None:
    """A wrong repair is one that another check refuses."""
    found = to_report([row("ada", work=HARD)]).tries

    assert [(one.check, one.amount) for one in found] == [("neighbours", 3)]


def test_what_was_handed_in_counts() -> None:
    """A wrong repair that was regraded is one that was tried."""
    one = row("ada", failed="neighbours", status="differs", work=HARD)

    (found,) = to_report([one]).tries

    assert (found.check, found.amount) == ("neighbours", 4)


def test_wrong_repairs_have_their_titles() -> None:
    """The teacher reads what the students may have done."""
    one = row(
        "ada",
        lab="2",
        fault="nodes-excluded",
        work=Work(tries={"failover": 2}),
    )

    (found,) = to_report([one]).tries

    assert found.note.startswith("such as: ")
    assert "Free one worker" in found.note


def test_the_best_row_counts() -> None:
    """A student may hand in several files; what was not played has none."""
    better, worse = row("ada"), row("ada", failed="vip")

    assert best_rows([worse, better, refused()]) == [better]


def test_a_page_needs_nothing_and_runs_nothing() -> None:
    """Whatever a stranger wrote is text."""
    rows = [
        row("ada", work=HARD),
        refused(reasons=("<script>alert(1)</script> \x1b[31m",)),
    ]

    page = to_html(to_report(rows))

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\x1b" not in page
    assert not re.search(r"(src|href)=", page)
    assert "default-src 'none'" in page


def test_all_outcomes_are_counted() -> None:
    """Nothing is passed over in silence."""
    rows = [row("ada"), row("ada", status="differs"), refused()]

    assert summary(rows) == (
        "3 submissions of 2 students: 1 as claimed, 1 not as claimed,"
        " 1 not played."
    )


def test_a_class_of_thirty_is_quick() -> None:
    """The teacher waits for two seconds at most."""
    rows = [
        row(f"s{number}", lab=str(number % 5 + 1), work=HARD)
        for number in range(30)
    ]
    begun = time.process_time()

    to_csv(rows)
    to_html(to_report(rows))

    assert time.process_time() - begun < 2


def test_nothing_was_hard() -> None:
    """A page without journals says so."""
    page = to_html(to_report([row("ada", work=Work())]))

    assert page.count("<p>None.</p>") == 3
    assert "<p>Nothing.</p>" in page
