"""Lists in README.md and docs/ that are generated from the labs.

A list is between two comments, such as `<!-- labs -->` and `<!-- /labs -->`,
so the file can be read as it is, on GitHub and on the site.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from graders import settings
from graders.course.lab import all_labs
from graders.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from graders.course.lab import Lab

_HEAD: Final = """\
| lab | what is wrong | faults | minutes |
|---|---|---|---|"""


def outdated(root: Path = settings.ROOT) -> dict[Path, str]:
    """Return the new text of each file whose list is out of date.

    Raises:
        UsageError: a file has no place for its list.

    """
    labs = all_labs()
    found = {}
    for name, (mark, make) in _LISTS.items():
        text = (root / name).read_text(encoding="utf-8")
        new = replaced(text, mark, "\n".join(make(labs)))
        if new is None:
            raise UsageError(f"{name}: <!-- {mark} --> ... must be there")
        if new != text:
            found[root / name] = new
    return found


def replaced(text: str, mark: str, lines: str) -> str | None:
    """Return `text` with `lines` between its marks; None without marks."""
    head, begin, rest = text.partition(f"<!-- {mark} -->\n")
    _, end, tail = rest.partition(f"<!-- /{mark} -->\n")
    return f"{head}{begin}\n{lines}\n\n{end}{tail}" if begin and end else None


def lab_table(labs: list[Lab], link: str) -> Iterator[str]:
    """Yield the table of all labs; `link` is their page, with `{id}`."""
    yield _HEAD
    for lab in labs:
        page = link.format(id=lab.id)
        faults = len(lab.variants) if len(lab.variants) > 1 else ""
        yield (
            f"| [{lab.number}, {lab.title}]({page}) | {lab.summary} |"
            f" {faults} | {lab.minutes} |"
        )


def wrong_repairs(labs: list[Lab]) -> Iterator[str]:
    """Yield a line for each lab: the titles of its wrong repairs."""
    for lab in labs:
        folder = settings.SOLUTIONS / lab.id / "wrong"
        titles = [_title(path) for path in sorted(folder.glob("*.md"))]
        yield f"- Lab {lab.number}: {'; '.join(titles)}."


def _title(page: Path) -> str:
    """Return the page's heading, as it is written within a sentence."""
    lines = page.read_text(encoding="utf-8").splitlines()
    heading = next((line for line in lines if line.startswith("# ")), "# ?")
    title = heading.removeprefix("# ")
    if any(letter.isupper() for letter in title.split()[0][1:]):
        return title  # NodePort
    return title[0].lower() + title[1:]


# The files with lists, their marks, and what makes the list.
_LISTS: Final[dict[str, tuple[str, Callable[[list[Lab]], Iterator[str]]]]] = {
    "README.md": ("labs", partial(lab_table, link="labs/{id}/README.md")),
    "docs/index.md": ("labs", partial(lab_table, link="labs/{id}.md")),
    "docs/grading.md": ("wrong repairs", wrong_repairs),
}
