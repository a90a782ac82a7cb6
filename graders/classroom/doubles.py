"""Find submissions of several students that are alike.

Two grades do not take the same milliseconds, so that is refused. The same
commands are a warning: some repairs have few ways. The same differences are
only noted, because a right repair often leaves the same objects.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from graders.classroom.reasons import note, refused, shown, warning
from graders.classroom.zipped import DIFFERENCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from graders.classroom.reasons import Reason
    from graders.classroom.submission import Submission

_refused: Final = partial(refused, "double")
_warning: Final = partial(warning, "double")
# Fewer commands than this are alike by chance.
_FEW: Final = 4
# Lab, check, outcome, seconds.
Timed: TypeAlias = tuple[str, str, str, float]
_SLOW_S: Final = 0.02
# How many checks, and how much of a grade, do not agree by chance. Waits that
# end without success take about the same time.
_SAME: Final = 4
_MOST: Final = 0.7
# A plan has fewer numbers; no other one is searched for.
_MOST_NUMBERS: Final = 300
_DEPTH: Final = 4
# Characters of a text that are compared.
_COMPARED: Final = 100_000
_FENCE: Final = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*")
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True)
class Compared:
    """A submission to compare; `key` is the public key that signed it, or "".

    One that is `refused` already counts only where it is a copy: its numbers
    may be anything.
    """

    sent: Submission
    key: str
    refused: bool

    @property
    def student(self) -> str:
        """The name of the student in the submission."""
        return self.sent.plan.student

    def __str__(self) -> str:
        """Return student and file."""
        return f"{self.student} ({shown(self.sent.name)})"


def doubles(files: Sequence[Compared]) -> Mapping[int, list[Reason]]:
    """Return reasons by the place of a submission among `files`."""
    found: dict[int, list[Reason]] = defaultdict(list)
    for at, reason in chain(
        _copies(files), _alike(files), _foreign(files), _of_one(files)
    ):
        found[at].append(reason)
    return found


def _copies(files: Sequence[Compared]) -> Iterator[tuple[int, Reason]]:
    """Yield what can have been measured only once.

    If one of two is known to be wrong, the other one is the original.
    """
    owners = _owners(files)
    suspect = [
        it.refused
        or bool(_borrowed(at, files, owners, evidence_text(it.sent)))
        for at, it in enumerate(files)
    ]
    timed = _pairs(files, [times(it.sent) for it in files])
    runs = _groups(files, [it.sent.plan.run for it in files])
    for what, found in (
        ("times of its checks, to the millisecond,", timed),
        ("run", runs),
    ):
        for at, others in found:
            text = f"the same {what} as {_names(others, files)}"
            if not suspect[at] and any(suspect[it] for it in others):
                yield at, _warning(f"{text}, which is a copy")
            else:
                yield at, _refused(text)


def _alike(files: Sequence[Compared]) -> Iterator[tuple[int, Reason]]:
    """Yield what is alike for a reason, or by chance."""
    for at, others in _groups(files, [it.key for it in files]):
        who = _names(others, files)
        yield (
            at,
            _warning(
                f"signed with the same key as {who}: one account, or one"
                " person made both"
            ),
        )
    commands = ["" if it.refused else typed(it.sent) for it in files]
    for at, others in _groups(files, commands):
        who = _names(others, files)
        yield (at, _warning(f"the same commands as {who}, but for numbers"))
    changes = ["" if it.refused else differences(it.sent) for it in files]
    for at, others in _groups(files, changes):
        who = _names(others, files)
        yield at, note("double", f"the same changes as {who}, but for numbers")


def _foreign(files: Sequence[Compared]) -> Iterator[tuple[int, Reason]]:
    """Yield repairs that have addresses of another student's plan."""
    owners = _owners(files)
    for at, it in enumerate(files):
        repair = f"{it.sent.typed}\n{_changes(it.sent)}"
        for address, others in _borrowed(at, files, owners, repair)[:1]:
            yield (
                at,
                _warning(
                    f"the repair has {address}, which is in the plan of"
                    f" {_names(others, files)}"
                ),
            )


def _of_one(files: Sequence[Compared]) -> Iterator[tuple[int, Reason]]:
    """Yield several files of one student: for one lab, or by other keys."""
    for at, it in enumerate(files):
        same = [
            (place, other)
            for place, other in enumerate(files)
            if place != at and other.student == it.student
        ]
        again = [
            shown(other.sent.name)
            for _, other in same
            if other.sent.plan.lab == it.sent.plan.lab
        ]
        if again:
            yield (
                at,
                _warning(
                    f"the same student and lab as {', '.join(again[:3])}:"
                    " choose which one counts"
                ),
            )
        if it.key and any(other.key not in {"", it.key} for _, other in same):
            yield (
                at,
                _warning("this student's files are signed with several keys"),
            )


def _groups(
    files: Sequence[Compared], prints: Sequence[str]
) -> Iterator[tuple[int, list[int]]]:
    """Yield a place, and those of other students with the same print."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at, print_ in enumerate(prints):
        if print_:
            groups[print_].append(at)
    for group in groups.values():
        for at in group:
            others = [
                it for it in group if files[it].student != files[at].student
            ]
            if others:
                yield at, others


def _pairs(
    files: Sequence[Compared], found: Sequence[frozenset[Timed]]
) -> Iterator[tuple[int, list[int]]]:
    """Yield a place, and those of other students with the same times."""
    for at, own in enumerate(found):
        others = [
            it
            for it, other in enumerate(found)
            if files[it].student != files[at].student and _is_copy(own, other)
        ]
        if others:
            yield at, others


def _is_copy(one: frozenset[Timed], other: frozenset[Timed]) -> bool:
    """Tell whether most checks took the same time.

    Who copies changes some, and some are for one of two faults only.
    """
    same = len(one & other)
    return same >= _SAME and same >= _MOST * min(len(one), len(other))


def _owners(files: Sequence[Compared]) -> dict[str, list[int]]:
    """Return whose plan has an address."""
    owners: dict[str, list[int]] = defaultdict(list)
    for at, it in enumerate(files):
        if not it.refused:
            for address in _own_addresses(it.sent):
                owners[address].append(at)
    return owners


def _borrowed(
    at: int,
    files: Sequence[Compared],
    owners: Mapping[str, list[int]],
    text: str,
) -> list[tuple[str, list[int]]]:
    """Return addresses in a text that only other students' plans have."""
    own = _own_addresses(files[at].sent)
    found = []
    for address in sorted(addresses(text) - own):
        others = [
            it
            for it in owners.get(address, ())
            if files[it].student != files[at].student
        ]
        if others:
            found.append((address, others))
    return found


def _names(places: Sequence[int], files: Sequence[Compared]) -> str:
    """Return who the others are, and in which files."""
    more = f" and {len(places) - 2} more" if places[2:] else ""
    return ", ".join(str(files[at]) for at in places[:2]) + more


def times(sent: Submission) -> frozenset[Timed]:
    """Return how long each check took, to the millisecond.

    One that was not made, or is soon done, has the time of many others.
    """
    return frozenset(
        (sent.plan.lab, check.name, check.outcome, check.seconds)
        for check in sent.result.checks
        if check.seconds >= _SLOW_S
    )


def evidence_text(sent: Submission) -> str:
    """Return what the checks saw."""
    return "".join(
        f"{it.reason}\n{it.evidence}\n{it.measurements}\n"
        for it in sent.result.checks
    )


def typed(sent: Submission) -> str:
    """Return a digest of the commands, "" for few of them."""
    lines, inside = [], False
    for line in sent.typed.splitlines():
        if _FENCE.fullmatch(line):
            inside = not inside
        elif inside and (words := " ".join(line.split())):
            lines.append(words)
    if len(lines) < _FEW:
        return ""
    return _digest(_named("\n".join(lines), sent))


def differences(sent: Submission) -> str:
    """Return a digest of what a repair changed, "" for nothing."""
    found = sent.differences
    if not (found.objects.apply or found.objects.delete or found.machines):
        return ""
    return _digest(_named("".join(_changes(sent).split()), sent))


def _changes(sent: Submission) -> str:
    """Return what a repair changed, as it was handed in."""
    return sent.members.get(DIFFERENCES, b"").decode()


def addresses(text: str) -> set[str]:
    """Return the IPv4 addresses in a text."""
    return {*_ADDRESS.findall(text)}


def _own_addresses(sent: Submission) -> set[str]:
    """Return the addresses of a plan."""
    numbers = _leaves(sent.plan.numbers)
    return addresses("\n".join(value for _, value in numbers))


def _named(text: str, sent: Submission) -> str:
    """Return a text with names in place of the plan's own numbers."""
    names = {
        value: name
        for name, value in _leaves(sent.plan.numbers)
        if len(value) > 1
    }
    if not names or len(names) > _MOST_NUMBERS:
        return text
    longest_first = sorted(names, key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest_first))
    return re.sub(
        rf"(?<![\w.])(?:{pattern})(?![\w])",
        lambda match: f"<{names[match[0]]}>",
        text[:_COMPARED],
    )


def _leaves(
    value: Any,  # noqa: ANN401 - any JSON
    name: str = "",
    depth: int = _DEPTH,
) -> Iterator[tuple[str, str]]:
    """Yield texts and numbers with their names, as deep as a plan has them."""
    if isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}", depth - 1)
    elif isinstance(value, str | int):
        yield name, str(value)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return sha256(text.encode(errors="surrogatepass")).hexdigest()
