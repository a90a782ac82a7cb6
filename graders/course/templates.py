"""Render a lab's texts with the plan's numbers and the provider's words.

Briefs, hints, manifests and walkthroughs are templates, written once for all
providers. Where words or commands differ, `labs/vocabulary/<provider>.yml`
has them, as in `{{ words.other_machines }}` and `{{ commands.show_lan }}`.
"""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

import jinja2
import yaml
from jinja2 import nodes

from graders.settings import LABS, provider_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from graders.plan.plan import Plan

VOCABULARY: Final = LABS / "vocabulary"
# The texts are for terminals, shells and YAML, where HTML escapes are noise.
_ENVIRONMENT: Final = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - as above
)


def names(plan: Plan, provider: str | None = None) -> dict[str, Any]:
    """Return what a template may name.

    `provider` is KIND or HOSTS; by default it is the environment's.

    Raises:
        UsageError: the environment's CLUSTER is neither.

    """
    values = plan.as_vars()
    return values | vocabulary(provider or provider_name(), values)


def vocabulary(
    provider: str, values: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Return `words` and `commands` of a provider with the plan's values.

    Raises:
        TemplateError: one of them uses an unknown name.

    """
    return {
        group: {name: phrase.render(values) for name, phrase in known.items()}
        for group, known in _phrases(provider).items()
    }


@cache
def _phrases(provider: str) -> dict[str, dict[str, jinja2.Template]]:
    text = (VOCABULARY / f"{provider}.yml").read_text(encoding="utf-8")
    return {
        group: {
            name: _ENVIRONMENT.from_string(phrase)
            for name, phrase in phrases.items()
        }
        for group, phrases in yaml.safe_load(text).items()
    }


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return the template's text.

    Raises:
        TemplateError: it is not a template, or uses an unknown name.

    """
    with _bounded():
        return _compiled(template).render(values)


# A text is rendered for several students and providers, one after the other.
@lru_cache(maxsize=64)
def _compiled(template: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(template)


@contextmanager
def _bounded() -> Iterator[None]:
    """Raise TemplateSyntaxError for brackets without an end."""
    try:
        yield
    except RecursionError:
        raise jinja2.TemplateSyntaxError("it is nested too deep", 1) from None


def error_line(error: jinja2.TemplateError) -> int:
    """Return the line of the template, from 1, in which rendering failed."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [at.lineno for at in frames if at.filename == "<template>"]
    return (lines[-1] if lines else None) or 1


def names_in(template: str) -> set[str]:
    """Return the names that a template needs.

    Names that it defines, or has a default for, are left out. Filters and
    tests are ignored: they may be Ansible's.

    Raises:
        TemplateSyntaxError: it is not a template.

    """
    with _bounded():
        tree = _ENVIRONMENT.parse(template)
    found = list(tree.find_all(nodes.Name))
    known = {name.name for name in found if name.ctx != "load"}
    known |= _ENVIRONMENT.globals.keys()
    known |= {
        call.node.name
        for call in tree.find_all(nodes.Filter)
        if call.name == "default" and isinstance(call.node, nodes.Name)
    }
    return {name.name for name in found} - known
