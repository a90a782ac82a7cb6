"""The class board in a real browser, with sixty students who work."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from selenium_axe_python import (  # type: ignore[attr-defined] # it lists nothing
    Axe,
)

from graders.course.lab import LAYERS
from tests.board_server import Served, served
from tests.paper_class import LAB, PaperClass, PaperStudent, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from selenium import webdriver

SECONDS: Final = 60
STUDENTS: Final = 60
MARKUP: Final = "<img src=x onerror=alert(1)><b>&amp;"
VIOLATIONS: Final = """
const done = arguments[0];
axe.run(document, { resultTypes: ["violations"] }).then((found) => done(
  found.violations.flatMap((one) => one.nodes.map((node) =>
    `${one.id}: ${node.html.slice(0, 120)}`))));
"""
# Of the page than the window.
WIDER: Final = """
const at = document.documentElement;
return at.scrollWidth - at.clientWidth;
"""


@pytest.fixture(scope="module")
def class_board(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Served, list[PaperStudent]]]:
    """Serve a board whose students have begun, graded, asked and solved."""
    paper = PaperClass(tmp_path_factory.mktemp("class"))
    students = [
        PaperStudent(paper.ticket(f"student-{n}", f"Student {n}"))
        for n in range(STUDENTS)
    ]
    paper.ticket("silent", "Silent One")
    chance = random.Random(7)  # noqa: S311 - the same class every time
    with served(paper) as board:
        for n, student in enumerate(students):
            board.ask("events", student.message(*_work(n, chance)))
        yield board, students


def _work(n: int, chance: random.Random) -> list[dict[str, Any]]:
    """Return what a student has done in the last half hour."""
    now = time.time()
    ago = chance.randint(60, 1800)
    found = [event("start", time=now - ago)]
    if n % 4:
        found.append(
            event(
                "grade",
                time=now - ago // 2,
                attempt=n % 5 + 1,
                hints=n % 3,
                solved=n % 6 == 5,
                points=100 if n % 6 == 5 else n,
                total=100,
                layer="" if n % 6 == 5 else chance.choice(LAYERS),
            )
        )
    if n == 7:
        found.append(event("help", text=MARKUP))
    return found


@pytest.fixture
def board(class_board: tuple[Served, list[PaperStudent]]) -> Served:
    """Return the board."""
    return class_board[0]


@pytest.fixture
def students(
    class_board: tuple[Served, list[PaperStudent]],
) -> list[PaperStudent]:
    """Return the students."""
    return class_board[1]


@pytest.fixture
def teacher(
    chrome: webdriver.Chrome, board: Served
) -> Iterator[webdriver.Chrome]:
    """Give a test the teacher's page, with all rows on it."""
    chrome.get_log("browser")  # type: ignore[no-untyped-call] # it has few types
    chrome.get(f"{board.url}/login#{board.access.tokens['teacher']}")
    _until(chrome, lambda: len(_rows(chrome)) >= STUDENTS)
    yield chrome
    told = chrome.get_log("browser")  # type: ignore[no-untyped-call] # as above
    assert [one["message"] for one in told if "favicon" not in str(one)] == []
    chrome.delete_all_cookies()


def _until(browser: webdriver.Chrome, holds: Callable[[], object]) -> None:
    WebDriverWait(browser, SECONDS, 0.1).until(lambda _: holds())


def _rows(browser: webdriver.Chrome) -> list[list[str]]:
    """Return the texts of each row, in one round trip."""
    script = (
        "return [...document.querySelectorAll('#rows tr')].map((row) =>"
        " [...row.children].map((cell) => cell.innerText))"
    )
    found: list[list[str]] = browser.execute_script(script)
    return found


def _violations(browser: webdriver.Chrome) -> list[str]:
    browser.set_script_timeout(2 * SECONDS)
    Axe(browser).inject()  # type: ignore[no-untyped-call] # it has few types
    found: list[str] = browser.execute_async_script(VIOLATIONS)
    return found


def test_the_token_is_nowhere(
    teacher: webdriver.Chrome, board: Served
) -> None:
    """Neither in the address nor where a script could read it."""
    assert teacher.current_url == f"{board.url}/"
    assert teacher.execute_script("return document.cookie") == ""


def test_who_needs_help_comes_first(teacher: webdriver.Chrome) -> None:
    """The raised hand, then those at work; the solved ones are last."""
    rows = _rows(teacher)

    assert rows[0][0].startswith("Student 7 (student-7)")
    assert "solved" in rows[-1][2]
    assert not any(row[2] == "solved" for row in rows[: STUDENTS // 2])
    minutes = [int(row[3]) for row in rows[1:] if row[3]]
    assert minutes == sorted(minutes, reverse=True)
    text = teacher.find_element(By.TAG_NAME, "main").text
    assert "1 raised hand," in text
    assert "1 student has told nothing yet" in text


def test_markup_is_text(teacher: webdriver.Chrome) -> None:
    """What a student writes is shown as it is, and runs nothing."""
    assert MARKUP in _rows(teacher)[0][0]
    assert teacher.find_elements(By.CSS_SELECTOR, "#rows img, #rows b") == []


def test_live_without_reload(
    teacher: webdriver.Chrome, board: Served, students: list[PaperStudent]
) -> None:
    """An event is on the page in a moment, and its row where it belongs."""
    teacher.execute_script("window.same = true")
    told = students[8].message(event("help", text="my session is Active"))
    board.ask("events", told)
    _until(teacher, lambda: "my session is Active" in _rows(teacher)[1][0])
    assert teacher.title.startswith("(2) ")

    row = teacher.find_elements(By.CSS_SELECTOR, "#rows tr")[1]
    row.find_element(By.TAG_NAME, "button").click()
    _until(teacher, lambda: teacher.title.startswith("(1) "))
    board.ask(
        "events",
        students[8].message(
            event("grade", attempt=9, solved=True, points=100, total=100)
        ),
    )
    _until(teacher, lambda: _row_of(teacher, 8)[2:5] == ["solved", "", "9"])
    assert teacher.execute_script("return window.same")


def _row_of(browser: webdriver.Chrome, number: int) -> list[str]:
    name = f"Student {number} (student-{number})"
    return next(row for row in _rows(browser) if row[0].startswith(name))


def test_another_computer(
    teacher: webdriver.Chrome, board: Served, students: list[PaperStudent]
) -> None:
    """The teacher sees that one was refused, and accepts it."""
    other = PaperStudent(students[9].ticket)
    assert board.ask("events", other.message(event("hint"))).status == 409
    _until(teacher, lambda: "another computer" in _row_of(teacher, 9)[0])
    buttons = teacher.find_elements(By.CSS_SELECTOR, "#rows button")
    next(one for one in buttons if one.text == "Accept it").click()
    _until(teacher, lambda: "another" not in _row_of(teacher, 9)[0])

    assert board.ask("events", other.message(event("hint"))).status == 200


def test_one_lab(
    teacher: webdriver.Chrome, board: Served, students: list[PaperStudent]
) -> None:
    """The list shows the students of one lab, if asked to."""
    other = "lab-1-pending-service"
    board.ask("events", students[0].message(event("start", lab=other)))
    option = f"#lab option[value={other}]"
    _until(teacher, lambda: teacher.find_elements(By.CSS_SELECTOR, option))
    teacher.find_element(By.CSS_SELECTOR, option).click()
    shown = [
        row
        for row in teacher.find_elements(By.CSS_SELECTOR, "#rows tr")
        if row.is_displayed()
    ]

    assert [row.find_element(By.TAG_NAME, "th").text for row in shown] == [
        "Student 0 (student-0)"
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["", "wall", "login"])
def test_accessible(
    teacher: webdriver.Chrome, board: Served, page: str, scheme: str
) -> None:
    """Axe finds nothing, in light and in dark colours, wide and narrow."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    size = teacher.get_window_size()
    teacher.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    teacher.get(f"{board.url}/{page}")
    if page != "login":
        live = teacher.find_element(By.ID, "live")
        _until(teacher, lambda: live.text == "live")
    try:
        assert _violations(teacher) == []
        teacher.set_window_size(500, 900)
        assert _violations(teacher) == []
        assert teacher.execute_script(WIDER) <= 0
    finally:
        teacher.set_window_size(size["width"], size["height"])
        teacher.execute_cdp_cmd("Emulation.setEmulatedMedia", {})


def test_the_projector(
    chrome: webdriver.Chrome, board: Served, students: list[PaperStudent]
) -> None:
    """Its token shows how many are where; no name comes to its computer."""
    chrome.get(f"{board.url}/login#{board.access.tokens['projector']}")
    main = chrome.find_element(By.TAG_NAME, "main")
    _until(chrome, lambda: LAB in main.text)
    assert chrome.current_url == f"{board.url}/wall"
    assert "Student" not in chrome.page_source
    solved = _number(chrome, "solved")

    board.ask("events", students[4].message(event("grade", solved=True)))
    _until(chrome, lambda: _number(chrome, "solved") == solved + 1)
    chrome.get(f"{board.url}/")
    assert chrome.current_url == f"{board.url}/login"
    chrome.delete_all_cookies()


def _number(browser: webdriver.Chrome, place: str) -> int:
    """Return how many are at a place in lab 3."""
    script = (
        "const lab = [...document.querySelectorAll('section')].find((one) =>"
        " one.querySelector('h2').textContent === arguments[0]);"
        "return Number(lab.querySelector(`.bar.${arguments[1]} + span`)"
        ".textContent)"
    )
    return int(browser.execute_script(script, LAB, place))


def test_a_restart(
    chrome: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The page says that the board is gone, and goes on by itself."""
    paper = PaperClass(tmp_path_factory.mktemp("other"))
    ada = PaperStudent(paper.ticket("ada"))
    with served(paper) as board:
        board.ask("events", ada.message(event("start")))
        chrome.get(f"{board.url}/login#{board.access.tokens['teacher']}")
        _until(chrome, lambda: _rows(chrome))
    live = chrome.find_element(By.ID, "live")
    _until(chrome, lambda: "does not answer" in live.text)

    with served(paper, board.port) as again:
        again.ask("events", ada.message(event("help", text="still there?")))
        _until(chrome, lambda: "still there?" in _rows(chrome)[0][0])
        assert live.text == "live"


def test_a_wrong_token(chrome: webdriver.Chrome, board: Served) -> None:
    """The form says so."""
    chrome.get(f"{board.url}/login#wrong")

    told = chrome.find_element(By.ID, "told")
    _until(chrome, lambda: "not the token" in told.text)
