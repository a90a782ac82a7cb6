"""Errors read as one line a problem, with the remedy."""

import pytest

from graders.errors import CannotCheck, KitError, UsageError, one_line


def test_one_problem_is_one_line_with_its_remedy() -> None:
    """The message and the remedy stand on one line, whatever the cause."""
    error = KitError("could not\n  start it: no disk", remedy="free some")

    assert str(error) == "could not start it: no disk; free some"


def test_without_a_remedy_the_message_stands_alone() -> None:
    """No separator is left over."""
    assert str(UsageError("lab must be 1, not 2")) == "lab must be 1, not 2"


def test_several_problems_are_told_at_once() -> None:
    """Each problem has a line of its own, and the remedy the last."""
    error = UsageError("a must be 1", "b must be 2", remedy="edit lab.yml")

    assert error.problems == ["a must be 1", "b must be 2"]
    assert str(error) == "a must be 1\nb must be 2\nedit lab.yml"


@pytest.mark.parametrize(
    ("kind", "code"), [(KitError, 3), (UsageError, 2), (CannotCheck, 3)]
)
def test_exit_codes(kind: type[KitError], code: int) -> None:
    """Wrong usage ends with 2, all else that is not graded with 3."""
    assert kind("x").exit_code == code


def test_one_line_cuts_what_is_too_long() -> None:
    """A long text ends in dots and keeps to the limit."""
    assert one_line("a b\nc d e", 7) == "a b ..."
    assert one_line("a b\nc d", 7) == "a b c d"


def test_nothing_acts_upon_the_terminal() -> None:
    """Escape sequences that a machine sent are shown as such."""
    error = CannotCheck("bad \x1b[2J", "\x9b2J", remedy="see \x1b]0;x\x07")

    assert str(error) == "bad \\x1b[2J\n\\x9b2J\nsee \\x1b]0;x\\x07"
