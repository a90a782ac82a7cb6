"""The mark of a check, and how a check fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Literal, NoReturn, TypeAlias, TypeVar

from graders.course.lab import LAYERS, Layer
from graders.errors import CannotCheck, CheckFailed, KitError, one_line

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
Look: TypeAlias = Callable[..., None]

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
    look: Look | None = None
    name: str = ""
    sentence: str = ""
    max_points: int = 0

    def watched(self, function: Callable[..., None]) -> Look | None:
        """Return what `lab watch` runs of a check, None if it has to change.

        `function` is the whole check.
        """
        return self.look or (None if self.exclusive else function)


def check(  # noqa: PLR0913 - all that a check may declare
    *,
    layer: Layer,
    needs: Iterable[str] = (),
    variants: Iterable[str] = (),
    disruptive: bool = False,
    exclusive: bool = False,
    look: Look | None = None,
) -> Callable[[_Test], _Test]:
    """Mark a function as a check of `layer`.

    `needs` are the names of earlier checks without which this one proves
    nothing. With `variants`, the check exists for these only. A `disruptive`
    check disturbs the lab and runs with `grade --full` only. A check that
    creates or changes something is `exclusive`; all others run in parallel.
    `lab watch` repeats checks, so it runs `look` instead if there is one: the
    part that changes nothing, not even a lease.

    Example:
        @check(layer="forwarding", needs=("vip",))
        def test_http(lab: Session) -> None:
            \"\"\"web answers the outside client.\"\"\"
            vip = lab.cluster.vip("web", "lab-1")
            expect_http(lab.client, vip, "hello from web")

    Raises:
        KitError: there is no such layer, or a text is given for a tuple.

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
        look,
    )

    def mark(function: _Test) -> _Test:
        function.__dict__[_KEY] = spec
        return function

    return mark


def get_spec(function: Callable[..., object]) -> CheckSpec | None:
    """Return what `@check` declares of `function`, None without it."""
    spec = function.__dict__.get(_KEY)
    return spec if isinstance(spec, CheckSpec) else None


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
    a student can type in `lab shell`; `evidence` is its output, or a function
    that reads it, which is called only for a failure.

    Example:
        expect(
            "the external IP of web to be",
            expected="an address",
            actual=vip or "<pending>",
            ok=bool(vip),
            seen_by="kubectl get svc web -n lab-1",
        )

    Raises:
        CheckFailed: the expectation is not met.

    """
    if expected == actual if ok is None else ok:
        return
    sentence = one_line(f"{what} {format_value(expected)}", VALUE_LIMIT)
    value = one_line(format_value(actual), VALUE_LIMIT)
    raise CheckFailed(
        f"expected {sentence}, not {value}",
        expected=sentence,
        actual=value,
        seen_by=seen_by,
        evidence=_read(evidence),
    )


def fail(
    reason: str, *, seen_by: str = "", evidence: Evidence = ""
) -> NoReturn:
    """Fail with a reason that is not of the form "expected X, not Y".

    Example:
        fail("two machines answer ARP", seen_by=f"arping -c 2 {vip} on client")

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
    except Exception as error:  # noqa: BLE001 - the check has failed anyway
        return f"could not be read: {error}"
