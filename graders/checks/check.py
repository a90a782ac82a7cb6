"""What a grader file imports: the mark of a check and how it fails.

@check(layer="allocation", needs=("pods",))
def test_vip(lab: Session) -> None:
    \"\"\"web has a VIP.\"\"\"
    vip = until("allocation", lambda: lab.cluster.vip("web"), bool)
    expect("the VIP of web", expected="an address", actual=vip, ok=bool(vip))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias, TypeVar

from graders.course.lab import LAYERS, Layer
from graders.errors import CannotCheck, KitError, one_line

__all__ = [
    "LAYERS",
    "CannotCheck",
    "CheckFailed",
    "CheckSpec",
    "Evidence",
    "Layer",
    "check",
    "expect",
    "fail",
    "get_spec",
]


VALUE_LIMIT: Final = 160

Evidence: TypeAlias = str | Callable[[], str]

_Test = TypeVar("_Test", bound=Callable[..., None])
_KEY: Final = "graders_check"


@dataclass(frozen=True)
class CheckSpec:
    """A check as declared by `@check`.

    `name`, `sentence` and `max_points` are known once grading has read the
    grader file together with lab.yml.
    """

    layer: Layer | Literal[""]
    needs: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    disruptive: bool = False
    exclusive: bool = False
    name: str = ""
    sentence: str = ""
    max_points: int = 0


class CheckFailed(Exception):  # noqa: N818 - the name of an outcome
    """The lab is not as it should be; the student can repair it."""

    def __init__(
        self, reason: str, *, seen_by: str = "", evidence: str = ""
    ) -> None:
        """Say in one line what is wrong; `evidence` stays as it is."""
        self.reason = one_line(reason)
        self.expected = ""
        self.actual = ""
        self.seen_by = one_line(seen_by)
        self.evidence = evidence
        super().__init__(self.reason)


def check(  # noqa: PLR0913 - all that a check may say of itself
    *,
    layer: Layer,
    needs: Iterable[str] = (),
    variants: Iterable[str] = (),
    disruptive: bool = False,
    exclusive: bool = False,
) -> Callable[[_Test], _Test]:
    """Mark a test as a check of `layer`.

    `needs` are names of earlier checks without which this one says
    nothing. With `variants`, the check exists for these only. A `disruptive`
    one disturbs the lab to measure it and runs with `grade --full` only. One
    that creates or changes something is `exclusive`; all others run in
    parallel.

    Raises:
        KitError: there is no such layer, or a name is given for a tuple.

    """
    if layer not in LAYERS:
        raise KitError(
            f"layer must be one of {', '.join(LAYERS)}, not {layer!r}"
        )
    if isinstance(needs, str) or isinstance(variants, str):
        raise KitError("needs and variants must be tuples, not one text")
    spec = CheckSpec(
        layer,
        tuple(needs),
        tuple(variants),
        disruptive,
        exclusive or disruptive,
    )

    def mark(function: _Test) -> _Test:
        function.__dict__[_KEY] = spec
        return function

    return mark


def get_spec(function: Callable[..., object]) -> CheckSpec | None:
    """Return what `@check` said about `function`, None without it."""
    found = function.__dict__.get(_KEY)
    return found if isinstance(found, CheckSpec) else None


def expect(  # noqa: PLR0913 - the parts of the sentence that a student reads
    what: str,
    *,
    expected: object,
    actual: object,
    ok: bool | None = None,
    seen_by: str = "",
    evidence: Evidence = "",
) -> None:
    """Fail with "expected <what> <expected>, not <actual>" unless `ok`.

    Without `ok`, `actual` must equal `expected`. `seen_by` is a command that
    a student can type in `lab shell`; `evidence` is its raw output, or a
    function that gets it, which costs nothing unless it fails.

    Raises:
        CheckFailed: it is not so.

    """
    if expected == actual if ok is None else ok:
        return
    sentence = one_line(f"{what} {format_value(expected)}", VALUE_LIMIT)
    value = one_line(format_value(actual), VALUE_LIMIT)
    failed = CheckFailed(
        f"expected {sentence}, not {value}",
        seen_by=seen_by,
        evidence=_read(evidence),
    )
    failed.expected, failed.actual = sentence, value
    raise failed


def fail(
    reason: str, *, seen_by: str = "", evidence: Evidence = ""
) -> NoReturn:
    """Fail with a fact that "expected X, not Y" does not fit.

    Raises:
        CheckFailed: always.

    """
    reason = one_line(reason, VALUE_LIMIT)
    raise CheckFailed(reason, seen_by=seen_by, evidence=_read(evidence))


def format_value(value: object) -> str:
    """Return a value as a student reads it; `nothing` if it is empty."""
    if isinstance(value, Mapping):
        value = [f"{key} {format_value(item)}" for key, item in value.items()]
    if isinstance(value, AbstractSet):
        value = sorted(map(str, value))
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(format_value, value))
    if value is None or value == "":
        return "nothing"
    return str(value)


def _read(evidence: Evidence) -> str:
    if isinstance(evidence, str):
        return evidence
    try:
        return evidence()
    except Exception as error:  # noqa: BLE001 - the failure itself is certain
        return f"could not be read: {error}"
