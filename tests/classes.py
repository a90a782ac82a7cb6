"""Classes of teachers, with tickets for their students."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from graders.classroom.class_folder import new_class
from graders.classroom.enrolment import enrol
from graders.classroom.roster import Entry
from graders.classroom.tickets import today

if TYPE_CHECKING:
    from pathlib import Path

    from graders.classroom.class_folder import Class


def a_class(
    folder: Path, *students: str, course: str = "Networks 2027"
) -> Class:
    """Make a class whose students have tickets."""
    made = new_class(folder, course, today() + timedelta(days=30))
    enrol(made, entries(*students))
    return made


def entries(*students: str) -> list[Entry]:
    """Make lines of a roster."""
    return [
        Entry(it, it, it.title(), f"{it}@example.org", line)
        for line, it in enumerate(students, start=2)
    ]


def ticket_text(course: Class, student: str) -> str:
    """Return a student's ticket as the teacher gives it."""
    return course.ticket_file(student).read_text(encoding="utf-8")


# times.yml of a class with two lessons and an exam.
LESSONS = """\
sessions:
- name: lesson 1
  begin: 2027-01-11 09:00+01:00
  end: 2027-01-11 10:30+01:00
  labs: [1, 2]
- name: lesson 2
  begin: 2027-01-12T09:00:00+01:00
  end: 2027-01-12T10:30:00+01:00
  labs: [2, 3]
- name: exam
  kind: exam
  begin: 2027-02-01 09:00+01:00
  end: 2027-02-01 10:00+01:00
  labs: [3]
  extensions: {ada: 15}
"""
