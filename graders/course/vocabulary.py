"""Words and commands of a provider, so that a lab is written once for all.

`labs/vocabulary/<provider>.yml` has them, as templates of the plan's names.
A text uses them as `{{ words.other_machines }}` and `{{ commands.show_lan }}`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import jinja2
import yaml

from graders.settings import LABS

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = LABS / "vocabulary"
# For terminals and shells, where HTML escapes are noise.
_ENVIRONMENT: Final = jinja2.Environment(
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701 - as above
)


def vocabulary(
    provider: str, values: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Return `words` and `commands` of a provider with the plan's values.

    Raises:
        TemplateError: one of them uses an unknown name.

    """
    return {
        group: {
            name: template.render(values) for name, template in phrases.items()
        }
        for group, phrases in _templates(provider).items()
    }


@cache
def _templates(provider: str) -> dict[str, dict[str, jinja2.Template]]:
    text = (FOLDER / f"{provider}.yml").read_text(encoding="utf-8")
    return {
        group: {
            name: _ENVIRONMENT.from_string(phrase)
            for name, phrase in phrases.items()
        }
        for group, phrases in yaml.safe_load(text).items()
    }
