"""Texts as machines, programs and people may write them: cut, damaged, huge.

`EXAMPLES=1000` looks at others each time.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from graders.errors import CheckFailed, KitError

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES: Final = int(os.environ.get("EXAMPLES", "0"))
# What tells a student, or whoever runs the lab, what is wrong.
WORDS: Final = (KitError, CheckFailed)
FUZZ: Final = settings(
    max_examples=EXAMPLES or 15,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
_JUNK: Final = (
    *("", " ", "\n", "\n\n", "\t", "\r\n", "\0", "=", ":", "/", "-", "{", "]"),
    *("\x1b[2J\x1b]0;x\x07", "\x9b1m", "\N{REPLACEMENT CHARACTER}", "\udcff"),
    *("\u202e", "\u00b2", "\u0663", "Keine Verbindung", "\u65e0\u6cd5\u8fde"),
    *(
        "9" * 5000,
        "-1",
        "1e999",
        "0x10",
        "NaN",
        "null",
        "a" * 3000,
        "{" * 3000,
    ),
)
_LEAVES: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [
        *(None, True, 0, -1, 10**400, 1.5, float("inf"), float("nan")),
        *("", "x", "\x1b[2J", "1.2.3.4/99", "9" * 5000, [], {}, [None], [[]]),
        *({"": None}, {"x": {"x": []}}),
    ]
)


def damaged(*seeds: str) -> st.SearchStrategy[str]:
    """Return texts that begin as one of `seeds`, and any other text."""
    return st.one_of(
        st.builds(damage, st.sampled_from(seeds), st.randoms()),
        st.builds(
            lambda seed, at: seed[: at % (len(seed) + 1)],
            st.sampled_from(seeds),
            st.integers(0, 1 << 20),
        ),
        st.text(max_size=60),
        st.sampled_from(_JUNK),
    )


def damaged_json(*seeds: Any) -> st.SearchStrategy[str]:  # noqa: ANN401 - any JSON
    """Return JSON with other values than `seeds`, or what is no more JSON."""
    return st.one_of(
        st.builds(
            lambda seed, random, leaf: json.dumps(
                _replaced(seed, random, leaf)
            ),
            st.sampled_from(seeds),
            st.randoms(),
            _LEAVES,
        ),
        damaged(*map(json.dumps, seeds)),
        st.builds(json.dumps, _LEAVES),
    )


def damage(seed: str, random: Any) -> str:  # noqa: ANN401 - hypothesis' Random
    """Change some words or lines of a text."""
    for _ in range(random.randint(1, 3)):
        start = random.randint(0, len(seed))
        end = min(len(seed), start + random.choice((0, 0, 1, 5, 40)))
        seed = seed[:start] + random.choice(_JUNK) + seed[end:]
    if random.random() < 0.2:
        lines = seed.splitlines(keepends=True)
        random.shuffle(lines)
        seed = "".join(lines * random.choice((1, 3)))
    return seed


def _replaced(value: Any, random: Any, leaf: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with one value, at any depth, replaced or left out."""
    if (
        not value
        or not isinstance(value, dict | list)
        or random.random() < 0.1
    ):
        return leaf
    if isinstance(value, list):
        at = random.randrange(len(value))
        return [
            *value[:at],
            _replaced(value[at], random, leaf),
            *value[at + 1 :],
        ]
    key = random.choice(sorted(value))
    if random.random() < 0.2:
        return {name: one for name, one in value.items() if name != key}
    return value | {key: _replaced(value[key], random, leaf)}


def read(parser: Callable[[], object]) -> object:
    """Return what a parser finds, or its words; nothing else may be raised."""
    found: object
    try:
        found = parser()
    except WORDS as error:
        found = error
    if isinstance(found, KitError):
        assert all(line.isprintable() for line in str(found).splitlines())
        assert max(map(len, found.problems)) < 5000
    return found
