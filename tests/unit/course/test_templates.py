"""Words and commands that differ between providers."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment, StrictUndefined, UndefinedError

from graders import settings
from graders.course.templates import VOCABULARY, names, vocabulary
from graders.plan.plan import make_plan
from graders.settings import HOSTS, KIND

PLAN = make_plan("ada")
USED = re.compile(r"\b(words|commands)\.(\w+)")


def _keys(provider: str) -> set[tuple[str, str]]:
    found = vocabulary(provider, PLAN.as_vars())
    return {(group, name) for group in found for name in found[group]}


def test_vocabularies_have_the_same_names() -> None:
    """A text that one provider can show, the other can show, too."""
    assert _keys(KIND) == _keys(HOSTS)
    assert sorted(file.stem for file in VOCABULARY.glob("*")) == [
        HOSTS,
        KIND,
    ]


def test_every_name_is_used() -> None:
    """A phrase that no text has is a leftover."""
    files = [
        file
        for folder in (settings.LABS, settings.SOLUTIONS)
        for file in folder.rglob("*")
        if file.is_file()
    ]
    used = {
        found.groups()
        for file in files
        for found in USED.finditer(file.read_text(encoding="utf-8"))
    }

    assert used == _keys(KIND)


def test_phrases_have_the_plan_s_numbers() -> None:
    """Phrases are templates themselves."""
    found = vocabulary(KIND, PLAN.as_vars())

    assert found["commands"]["show_lan"] == (
        "docker network inspect metallb-lab-ada"
    )


@pytest.mark.parametrize("name", ["words.none", "commands.none", "where"])
def test_unknown_name(name: str) -> None:
    """It is an error, and not left out."""
    template = Environment(undefined=StrictUndefined).from_string(  # noqa: S701 - no HTML
        f"{{{{ {name} }}}}"
    )
    with pytest.raises(UndefinedError):
        template.render(names(PLAN))
