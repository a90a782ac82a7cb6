"""A student's answers and address plan."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from graders.checks import answers
from graders.checks.answers import KEY, read_answers, wrong_answers, wrong_rows
from graders.checks.check import CheckFailed
from graders.plan.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path


FILE = """
requester:
  question: Which object asked?
  a: this
  answer: {requester}
pending: {pending}
"""


def _read(folder: Path, text: str | bytes) -> dict[str, str]:
    """Read a file of answers."""
    file = folder / "answers.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_answers(file)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Make a key in which b is right for both questions."""
    file = tmp_path / "key.yml"
    right = {
        name: hashlib.sha256(f"lab-0:{name}:b".encode()).hexdigest()
        for name in ("requester", "pending")
    }
    file.write_text(yaml.safe_dump(right, sort_keys=False))
    return file


def test_answers_are_read(tmp_path: Path) -> None:
    """The answer is the value of `answer:` or of the question's id."""
    found = _read(tmp_path, FILE.format(requester="b", pending="A"))

    assert found == {"requester": "b", "pending": "A"}


def test_texts_and_lists_of_texts(tmp_path: Path) -> None:
    """An answer is what it looks like; what is deeper does not count."""
    text = "a: [10.0.0.1, 010]\nb: no\nc: [x, [y], {z: 1}]\nd: {answer: [1]}"
    text += "\ne: {f: 1, g: [2]}"

    assert _read(tmp_path, text) == {
        "a": "10.0.0.1, 010",
        "b": "no",
        "c": "x, z 1",
        "d": "1",
        "e": "f 1",
    }


def test_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the student's to mend, and no fault of the kit."""
    monkeypatch.setattr(answers, "read_text", _refused)

    with pytest.raises(CheckFailed, match="with an error: Permission denied"):
        _read(tmp_path, "a: b")


def _refused(*_: object, **__: object) -> str:
    raise PermissionError(13, "Permission denied")


def test_names_that_grow_without_an_end() -> None:
    """Rows that name rows that name rows are wrong, and soon."""
    names = [f"r{number}" for number in range(40)]
    table = {name: " ".join([after] * 30) for name, after in pairwise(names)}

    assert "dhcp" in wrong_rows({"dhcp": names[0]} | table, PLAN)


def test_more_addresses_than_any_plan() -> None:
    """A row of many networks is wrong, and soon."""
    row = " ".join(f"{number}.0.0.0/16" for number in range(1, 70))

    assert "dhcp" in wrong_rows({"dhcp": row}, PLAN)


def test_no_answer_yet(tmp_path: Path) -> None:
    """An empty answer is read as an empty text."""
    found = _read(tmp_path, FILE.format(requester="", pending="''"))

    assert found == {"requester": "", "pending": ""}


def test_wrong_and_missing(key: Path) -> None:
    """Wrong and missing answers are named in the key's order."""
    assert wrong_answers({"requester": "c"}, key) == ["requester", "pending"]
    assert wrong_answers({"pending": "b"}, key) == ["requester"]


@pytest.mark.parametrize("letter", ["b", "B", " b "])
def test_spelling_does_not_matter(key: Path, letter: str) -> None:
    """Case and blanks do not matter."""
    given_ = {"requester": letter, "pending": letter, "more": "x"}

    assert wrong_answers(given_, key) == []


def test_no_file(tmp_path: Path) -> None:
    """The failure has the file's name, not its path."""
    with pytest.raises(
        CheckFailed, match=r"expected the answers in gone\.yml"
    ):
        read_answers(tmp_path / "gone.yml")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: b\nc: [\n", "expected YAML in answers.yml, .* in line"),
        ("\tx", "expected YAML in answers.yml"),
        (b"\x00\x01", "expected YAML in answers.yml, not an error"),
        ("[" * 1000, "expected YAML in answers.yml"),
        ("- a\n", "expected questions in answers.yml, not list"),
        ("", "expected questions in answers.yml, not NoneType"),
        (
            "a: &x b\nc: *x\n",
            r"an error in line 2: alias \*x must be written out",
        ),
        ("a: " + "x" * 65536, "not an error: it is larger than 64 KB"),
    ],
    ids=["cut", "tab", "binary", "deep", "list", "empty", "alias", "large"],
)
def test_damaged_file(tmp_path: Path, text: str | bytes, rule: str) -> None:
    """A damaged file is a failure, not an error of the kit."""
    with pytest.raises(CheckFailed, match=rule):
        _read(tmp_path, text)


@given(st.text(max_size=200))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """No text raises anything but a failure."""
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        found = read_answers(file)
    except CheckFailed:
        return
    assert all(isinstance(answer, str) for answer in found.values())


def test_key() -> None:
    """Exactly one letter is right for each question."""
    questions = yaml.safe_load(KEY.read_text(encoding="utf-8"))

    for question, digest in questions.items():
        right = [
            letter
            for letter in "abcd"
            if answers._digest(question, letter) == digest
        ]
        assert len(right) == 1, question


PLAN = make_plan()
RIGHT = {
    "ingress-vips": PLAN.ingress_pool,
    "app-services": PLAN.pool,
    "dhcp": f"{PLAN.dhcp_first}-{PLAN.dhcp_last}",
    "nodes": str(PLAN.node_range),
    "free": f"{PLAN.free_first}-{PLAN.free_last}, "
    f"{PLAN.rest_first}-{PLAN.rest_last}",
}


def test_right_plan() -> None:
    """The plan itself has no wrong row."""
    assert wrong_rows(RIGHT, PLAN) == []


def test_empty_table() -> None:
    """Every row of the table as shipped is wrong."""
    assert wrong_rows({}, PLAN) == list(RIGHT)
    assert wrong_rows(dict.fromkeys(RIGHT, ""), PLAN) == list(RIGHT)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("ingress-vips", f"{PLAN.ingress_first}/31"),
        ("ingress-vips", f"{PLAN.ingress_first} and the next"),
        ("app-services", f"{PLAN.pool_first} to {PLAN.pool_last}"),
        ("dhcp", f"a hundred addresses, from {PLAN.dhcp_first} on"),
        ("nodes", f"{PLAN.node_range[1]} to {PLAN.node_range[-2]}"),
        ("free", f"{PLAN.service_range} without app-services"),
        ("nodes", f"['{PLAN.node_range[0]}-{PLAN.node_range[-1]}']"),
        (
            "dhcp",
            f"{PLAN.dhcp_first}-{PLAN.ingress_first - 1},"
            f"{PLAN.ingress_last + 1} - {PLAN.dhcp_last}".replace(" ", ""),
        ),
        ("dhcp", f"{PLAN.dhcp_first} \u2013 {PLAN.dhcp_last}"),
        ("app-services", f"{PLAN.pool_first}\u2013{PLAN.pool_last}"),
        (
            "free",
            (
                f"{PLAN.free_first} - {PLAN.free_last}, "
                f"{PLAN.rest_first} -{PLAN.rest_last}"
            ),
        ),
        (
            "free",
            (
                f"{PLAN.service_range[0]}-{PLAN.free_last}; "
                f"{PLAN.rest_first}-{PLAN.service_range[-1]}"
            ),
        ),
    ],
)
def test_other_notations(row: str, text: str) -> None:
    """Rows are compared by their addresses."""
    assert wrong_rows({**RIGHT, row: text}, PLAN) == []


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("ingress-vips", str(PLAN.ingress_first)),
        ("app-services", PLAN.small_pool),
        ("dhcp", f"{PLAN.dhcp_first}-{PLAN.pool_last}"),
        ("dhcp", f"{PLAN.dhcp_first}-{PLAN.dhcp_last + 1}"),
        ("nodes", str(PLAN.lan)),
        ("nodes", "10.0.0.0/8"),
        ("dhcp", f"{PLAN.dhcp_first} - "),
        ("dhcp", f"{PLAN.dhcp_first} {PLAN.dhcp_last}"),
        ("free", str(PLAN.service_range)),
        ("free", f"{PLAN.free_first}-{PLAN.free_last}"),
    ],
)
def test_wrong_row(row: str, text: str) -> None:
    """Only the wrong row is named."""
    assert wrong_rows({**RIGHT, row: text}, PLAN) == [row]


@given(st.sampled_from(list(RIGHT)), st.text())
def test_any_row(row: str, text: str) -> None:
    """No text raises an error or affects another row."""
    assert set(wrong_rows({**RIGHT, row: text}, PLAN)) <= {row}
