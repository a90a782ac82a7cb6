"""The pages in a real browser, as a reader uses them."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from graders.course.quiz import load_quiz
from graders.errors import UsageError
from graders.grading.progress import Run, to_json
from graders.plan.plan import make_plan
from graders.plan.ticket import NONCE
from graders.site import plan_placeholders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from selenium import webdriver
    from selenium.webdriver.remote.webelement import WebElement

    from graders.plan.plan import Plan

    from .conftest import Built

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SECONDS = 15
PROGRESS = "metallb-lab-kit progress"


def _until(browser: webdriver.Chrome, holds: Callable[[], object]) -> None:
    WebDriverWait(browser, SECONDS, 0.1).until(lambda _: holds())


def _names() -> list[str]:
    """Return names of all kinds, among them some that are not allowed.

    Some have the nonce of a class ticket.
    """
    chance = random.Random(5)  # noqa: S311 - the same names every time
    found = ["demo", "ada", "a", "x" * 20, "ada-2", "lan", "my-client", "-a"]
    found += [f"{name} {'0f' * 8}" for name in found]
    found += ["ada 0", "ada ", "ada x y", f"ada {'0F' * 8}", f"-a {'0f' * 8}"]
    return found + [
        "".join(chance.choices(LETTERS, k=chance.randint(1, 20)))
        + chance.choice(["", f" {chance.randbytes(8).hex()}"])
        for _ in range(300)
    ]


def _plan(text: str) -> Plan | None:
    """Return the plan of a name, with a nonce behind it or without."""
    name, *nonce = text.split(" ")
    if len(nonce) > 1 or any(not NONCE.fullmatch(it) for it in nonce):
        return None
    try:
        return make_plan(name, nonce=nonce[0] if nonce else "")
    except UsageError:
        return None


def test_the_browser_s_plan_is_python_s(
    browser: webdriver.Chrome, root: str
) -> None:
    """Over many names every number is the same, and so is who may not."""
    browser.get(f"{root}/labs/lab-1-pending-service.html")
    script = (
        "return arguments[0].map((name) =>"
        " labPlan.problem(name) ? null : labPlan.plan(name))"
    )
    names = _names()
    for name, found in zip(
        names, browser.execute_script(script, names), strict=True
    ):
        plan = _plan(name)
        assert found == (plan.as_vars() if plan else None), name


def test_the_name_box_shows_the_reader_s_numbers(
    browser: webdriver.Chrome, root: str
) -> None:
    """On the page, in the picture, and on the next page, too."""
    browser.get(f"{root}/labs/lab-2-layer-2.html")
    wanted = make_plan("ada")
    box = browser.find_element(By.NAME, "student")
    box.clear()
    box.send_keys("ada", Keys.ENTER)

    main = browser.find_element(By.TAG_NAME, "main")
    _until(browser, lambda: str(wanted.l2_vip) in main.text)
    assert str(make_plan().l2_vip) not in main.text
    assert str(wanted.machines["desk"].lan) in main.text
    browser.get(f"{root}/labs/lab-3-bgp-ecmp.html")
    _until(
        browser,
        lambda: (
            str(wanted.bgp_vip)
            in browser.find_element(By.TAG_NAME, "main").text
        ),
    )


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("part-2-architecture", ("pool", "pool_first")),
        ("part-3-layer-2", ("l2_vip", "l2_order")),
        ("part-4-bgp", ("bgp_vip", "bgp_pool", "cluster_asn", "router_asn")),
        ("worked-example", ("gateway_pool", "gateway_last", "service_range")),
    ],
)
def test_the_module_s_numbers_follow_the_reader(
    browser: webdriver.Chrome, root: str, page: str, fields: tuple[str, ...]
) -> None:
    """In text, blocks and pictures; and back to demo's."""
    browser.get(f"{root}/module/{page}.html")
    for name in ("demo", "ada", "demo"):
        box = browser.find_element(By.NAME, "student")
        box.clear()
        box.send_keys(name, Keys.ENTER)
        told = browser.find_element(By.ID, "student-told")
        _until(browser, partial(_says, told, name))
        shown = _shown(browser)
        values = dict(plan_placeholders.leaves_of(make_plan(name)))
        assert {path for path, _ in shown} <= set(values)
        assert {one for one in shown if values[one[0]] != one[1]} == set()
        for field in fields:
            assert any(path.startswith(field) for path, _ in shown), field


def _says(told: WebElement, name: str) -> bool:
    return f"of {name}." in told.text


def _shown(browser: webdriver.Chrome) -> set[tuple[str, str]]:
    """Return each number of the plan on the page, with what it is."""
    script = (
        "return [...document.querySelectorAll('[data-plan]')]"
        ".map((one) => [one.dataset.plan, one.textContent])"
    )
    return {(path, text) for path, text in browser.execute_script(script)}


def test_what_is_no_number_of_the_lab_stays(
    browser: webdriver.Chrome, root: str
) -> None:
    """Another site's plan, and the map that is drawn to scale for demo."""
    browser.get(f"{root}/module/part-3-layer-2.html")
    box = browser.find_element(By.NAME, "student")
    box.clear()
    box.send_keys("ada", Keys.ENTER)
    browser.get(f"{root}/module/part-5-addresses.html")

    text = browser.find_element(By.TAG_NAME, "main").text
    assert "192.168.20.220-192.168.20.239" in text
    assert str(make_plan().lan) in text


def test_a_name_that_is_not_allowed_is_told(
    browser: webdriver.Chrome, root: str
) -> None:
    """The numbers stay, and a screen reader hears why."""
    browser.get(f"{root}/labs/lab-2-layer-2.html")
    box = browser.find_element(By.NAME, "student")
    box.clear()
    box.send_keys("Ada!", Keys.ENTER)

    told = browser.find_element(By.ID, "student-told")
    _until(browser, lambda: "1 to 20" in told.text)
    assert told.get_attribute("aria-live") == "polite"
    text = browser.find_element(By.TAG_NAME, "main").text
    assert str(make_plan().l2_vip) in text


def _choose(browser: webdriver.Chrome, question: str, at: int) -> None:
    browser.execute_script(
        "document.querySelector(arguments[0]).click()",
        f"form[data-question='{question}'] input[value='{at}']",
    )


def test_the_quiz(browser: webdriver.Chrome, root: str) -> None:
    """Wrong is told and explained, right counts, and both are remembered."""
    questions = load_quiz()
    browser.get(f"{root}/quiz.html")
    first = questions[0]
    form = browser.find_element(
        By.CSS_SELECTOR, f"form[data-question='{first.id}']"
    )
    verdict = form.find_element(By.CLASS_NAME, "quiz-verdict")
    score = browser.find_element(By.ID, "quiz-score")
    assert first.choices[0].why[:30] not in form.text

    wrong = next(at for at in range(4) if at not in first.right)
    _choose(browser, first.id, wrong)
    form.submit()
    _until(browser, lambda: "Not right" in verdict.text)
    assert score.text.startswith("0 of")
    for question in questions:
        inputs = f"form[data-question='{question.id}'] input"
        browser.execute_script(
            "document.querySelectorAll(arguments[0])"
            ".forEach((one) => { one.checked = false; })",
            inputs,
        )
        for at in question.right:
            _choose(browser, question.id, at)
        browser.find_element(
            By.CSS_SELECTOR, f"form[data-question='{question.id}']"
        ).submit()
    _until(
        browser,
        lambda: score.text == f"{len(questions)} of {len(questions)} right.",
    )
    browser.refresh()
    again = browser.find_element(By.ID, "quiz-score")
    assert again.text == f"{len(questions)} of {len(questions)} right."


def test_the_quiz_by_keyboard(browser: webdriver.Chrome, root: str) -> None:
    """Space chooses, Enter checks; no mouse is needed."""
    browser.get(f"{root}/quiz.html")
    choice = browser.find_element(By.CSS_SELECTOR, ".quiz-choice input")
    choice.send_keys(Keys.SPACE)
    assert choice.is_selected()
    choice.send_keys(Keys.ENTER)

    verdict = browser.find_element(By.CLASS_NAME, "quiz-verdict")
    _until(browser, lambda: "ight" in verdict.text)


def _media(browser: webdriver.Chrome) -> object:
    return browser.execute_script("return document.body.dataset.mdColorMedia")


def _switched(browser: webdriver.Chrome, before: object) -> bool:
    return _media(browser) != before


def _open(browser: webdriver.Chrome, file: Path) -> str:
    """Open a file of progress on the page; return what it says."""
    box = browser.find_element(By.ID, "lab-progress")
    box.find_element(By.ID, "progress-file").send_keys(str(file))
    said = (By.CSS_SELECTOR, "li, [role=status]")

    def words() -> str:
        found = box.find_elements(*said)
        return " ".join(one.text for one in found).strip()

    _until(browser, words)
    return words()


def test_progress(
    browser: webdriver.Chrome, root: str, tmp_path: Path
) -> None:
    """The reader's file is shown, remembered, and forgotten."""
    run = Run(
        *("ab", "lab-1-pending-service", "no-pool"),
        *2 * ("2026-11-30T03:00:00+00:00",),
        *(420, 3, 1),
        solved=True,
        gave_up=False,
    )
    file = tmp_path / "progress.json"
    file.write_text(to_json("ada", [run]))
    browser.get(f"{root}/labs/lab-1-pending-service.html")

    said = _open(browser, file)
    browser.refresh()
    box = browser.find_element(By.ID, "lab-progress")
    again = box.find_element(By.TAG_NAME, "li").text
    box.find_element(By.TAG_NAME, "button").click()

    words = "2026-11-30: no-pool, solved, 7 minutes, 3 attempts, 1 hint"
    assert said == again == words
    browser.refresh()
    assert not browser.find_elements(By.CSS_SELECTOR, "#lab-progress li")


OTHERS = {
    "no JSON": "lab progress --json did not write it",
    "[]": "lab progress --json did not write it",
    '{"version": 2, "runs": []}': "a later version of the kit wrote it",
    '{"version": 1, "runs": []}': "You have not started this lab yet",
    '{"runs": [{"lab": "lab-2-layer-2", "started": "<b>x</b>"}]}': (
        "<b>x</b>: not solved yet"
    ),
}


@pytest.mark.parametrize("text", OTHERS)
def test_progress_of_another_kind(
    browser: webdriver.Chrome, root: str, tmp_path: Path, text: str
) -> None:
    """The page says what is wrong; what is in a file is never markup."""
    file = tmp_path / "progress.json"
    file.write_text(text)
    browser.get(f"{root}/labs/lab-2-layer-2.html")

    assert OTHERS[text] in _open(browser, file)
    browser.execute_script("localStorage.removeItem(arguments[0])", PROGRESS)


def test_the_theme_can_be_switched(
    browser: webdriver.Chrome, root: str
) -> None:
    """To dark, and the next page stays dark."""
    browser.get(f"{root}/index.html")

    def scheme() -> str:
        return str(
            browser.execute_script(
                "return document.body.dataset.mdColorScheme"
            )
        )

    for _ in range(3):
        if scheme() == "slate":
            break
        before = _media(browser)
        browser.execute_script(
            "[...document.querySelectorAll("
            "'label[for^=__palette]')].find((one) => !one.hidden).click()"
        )
        WebDriverWait(browser, SECONDS, 0.1).until(
            partial(_switched, before=before)
        )
    assert scheme() == "slate"
    browser.get(f"{root}/module/part-4-bgp.html")
    assert scheme() == "slate"


def _search(browser: webdriver.Chrome, word: str) -> list[str]:
    """Return where the results for a word lead."""
    box = browser.find_element(By.CSS_SELECTOR, "input.md-search__input")
    browser.execute_script("arguments[0].focus()", box)
    box.send_keys(word)

    def links() -> list[str]:
        found = browser.find_elements(
            By.CSS_SELECTOR, ".md-search-result__link"
        )
        return [str(one.get_attribute("href")) for one in found]

    _until(browser, links)
    return links()


def test_search_finds_a_page(browser: webdriver.Chrome, root: str) -> None:
    """A word of the module leads to its page."""
    browser.get(f"{root}/index.html")
    assert any("part-4-bgp" in link for link in _search(browser, "aggregate"))


def test_pages_work_from_a_disk(
    browser: webdriver.Chrome, student: Built
) -> None:
    """Without a server the quiz is judged and the name box works."""
    browser.get((student.folder / "quiz.html").as_uri())
    score = browser.find_element(By.ID, "quiz-score")
    assert score.text.startswith("0 of")

    browser.get((student.folder / "labs/lab-2-layer-2.html").as_uri())
    box = browser.find_element(By.NAME, "student")
    box.clear()
    box.send_keys("ada", Keys.ENTER)
    text = browser.find_element(By.TAG_NAME, "main").text
    assert str(make_plan("ada").l2_vip) in text


def test_search_works_from_a_disk(
    browser: webdriver.Chrome, student: Built
) -> None:
    """A folder is enough to search in, where browsers start no worker."""
    browser.get((student.folder / "index.html").as_uri())
    assert any("part-4-bgp" in link for link in _search(browser, "aggregate"))


def test_pages_can_be_read_without_scripts(
    browser: webdriver.Chrome, root: str
) -> None:
    """Briefs have the numbers of demo, and questions can be read."""
    off = {"value": True}
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", off)
    try:
        browser.get(f"{root}/labs/lab-2-layer-2.html")
        text = browser.find_element(By.TAG_NAME, "main").text
        assert str(make_plan().l2_vip) in text
        browser.get(f"{root}/quiz.html")
        assert browser.find_element(By.TAG_NAME, "legend").is_displayed()
        assert "lab quiz" in browser.find_element(By.TAG_NAME, "main").text
    finally:
        on = {"value": False}
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", on)


@pytest.mark.parametrize("place", ["server", "disk"])
def test_a_text_that_gets_into_a_page_runs_nothing(
    browser: webdriver.Chrome, root: str, student: Built, place: str
) -> None:
    """The page's policy refuses scripts that the build did not know."""
    page = "labs/lab-2-layer-2.html"
    disk = (student.folder / page).as_uri()
    browser.get(f"{root}/{page}" if place == "server" else disk)
    browser.execute_script(
        """
        window.refused = [];
        document.addEventListener("securitypolicyviolation",
          (event) => refused.push(event.effectiveDirective));
        document.body.insertAdjacentHTML("beforeend",
          '<img src="data:," onerror="window.ran = true">');
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        """
    )

    def refused() -> bool:
        found = browser.execute_script("return window.refused")
        return {"script-src-attr", "script-src-elem"} <= set(found)

    _until(browser, refused)
    assert browser.execute_script("return window.ran") is None
    browser.get_log("browser")  # type: ignore[no-untyped-call] # it has few types
