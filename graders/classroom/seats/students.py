"""The students who get seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.classroom.roster import read_roster
from graders.errors import UsageError

if TYPE_CHECKING:
    from graders.classroom.class_folder import Class


def class_students(course: Class) -> frozenset[str]:
    """Return the students of a class by their names in the kit.

    Raises:
        UsageError: there are none, or the roster is damaged.

    """
    if not course.roster.exists():
        raise UsageError(
            f"{course.course} has no students yet",
            remedy="`lab class roster FILE.csv` reads who they are",
        )
    return frozenset(it.student for it in read_roster(course.roster))
