"""Which tickets the board takes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.board.admission import Admission, NotOfThisClassError
from graders.errors import CannotCheck
from tests.fuzzing import FUZZ, damaged, read
from tests.paper_class import PaperClass

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def shared_paper(tmp_path_factory: pytest.TempPathFactory) -> PaperClass:
    """Return a class for all examples of a property."""
    return PaperClass(tmp_path_factory.mktemp("class"))


@pytest.fixture(scope="module")
def shared(shared_paper: PaperClass) -> Admission:
    """Return who is in that class."""
    return shared_paper.admission()


@pytest.fixture
def paper(tmp_path: Path) -> PaperClass:
    """Return a class."""
    return PaperClass(tmp_path / "class")


def test_a_ticket_of_the_class(paper: PaperClass) -> None:
    """It says whose it is."""
    text = paper.ticket("ada", "Ada Lovelace")
    admission = paper.admission()

    assert admission.check(text, time.time()).student == "ada"
    assert admission.names() == {"ada": "Ada Lovelace"}


def test_of_another_class(paper: PaperClass, tmp_path: Path) -> None:
    """The same student's ticket of another class is refused."""
    paper.ticket("ada")
    other = PaperClass(tmp_path / "other").ticket("ada")

    with pytest.raises(NotOfThisClassError, match="not of this class"):
        paper.admission().check(other, time.time())


def test_put_into_the_folder(paper: PaperClass, tmp_path: Path) -> None:
    """Being in the folder is not enough: the class has to have signed it."""
    other = PaperClass(tmp_path / "other").ticket("eve")
    paper.ticket("eve")
    paper.course.ticket_file("eve").write_text(other)

    assert paper.admission().names() == {}


def test_replaced(paper: PaperClass) -> None:
    """A ticket from before another one was made is refused."""
    old = paper.ticket("ada")
    paper.ticket("ada")

    with pytest.raises(NotOfThisClassError, match="replaced"):
        paper.admission().check(old, time.time())


def test_no_longer_in_the_class(paper: PaperClass) -> None:
    """So is one whose student has left."""
    text = paper.ticket("ada")
    paper.ticket("grace")
    paper.leave("ada")

    with pytest.raises(NotOfThisClassError, match="no longer in the class"):
        paper.admission().check(text, time.time())


def test_expired(paper: PaperClass) -> None:
    """The day is named."""
    text = paper.ticket("ada", days=-1)

    with pytest.raises(NotOfThisClassError, match="was valid until"):
        paper.admission().check(text, time.time())


def test_changes_are_noticed(paper: PaperClass) -> None:
    """A student who comes later needs no restart of the board."""
    admission = paper.admission()
    assert admission.names() == {}
    paper.ticket("ada")

    assert admission.names() == {"ada": "Ada"}


def test_a_folder_that_is_gone(paper: PaperClass) -> None:
    """Who is known stays known; so it is with a damaged roster."""
    paper.ticket("ada")
    admission = paper.admission()
    assert admission.name("ada") == "Ada"
    paper.course.roster.write_text("junk")
    assert admission.names() == {"ada": "Ada"}
    paper.course.tickets.rename(paper.course.folder / "moved")

    assert admission.names() == {"ada": "Ada"}
    assert admission.name("grace") == "grace"


def test_a_list_that_cannot_be_read(paper: PaperClass) -> None:
    """Students keep their events until it can be."""
    ticket = paper.ticket("ada")
    text = paper.course.roster.read_text()
    paper.course.roster.write_text("nonsense")
    admission = paper.admission()

    with pytest.raises(CannotCheck, match="could not read"):
        admission.check(ticket, time.time())
    paper.course.roster.write_text(text)
    assert admission.check(ticket, time.time()).student == "ada"


def test_memory_is_bounded(
    paper: PaperClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong tickets are remembered up to a number."""
    monkeypatch.setattr("graders.classroom.board.admission._REMEMBERED", 3)
    admission = paper.admission()
    for number in range(9):
        with pytest.raises(NotOfThisClassError):
            admission.check(f"no ticket {number}", time.time())

    assert len(admission._verified) == 3


@FUZZ
@given(text=damaged("a", "{}"))
def test_fuzz_words(shared: Admission, text: str) -> None:
    """Any text is refused in words."""
    found = read(lambda: shared.check(text, 1))
    assert isinstance(found, NotOfThisClassError)


@FUZZ
@given(data=st.data())
def test_fuzz_damaged_tickets(
    shared: Admission, shared_paper: PaperClass, data: st.DataObject
) -> None:
    """A ticket with a change anywhere is refused, or still the same."""
    text = shared_paper.ticket("ada")
    changed = data.draw(damaged(text))
    found = read(lambda: shared.check(changed, time.time()))
    assert isinstance(found, NotOfThisClassError) or found == shared.check(
        text, time.time()
    )
