"""What playbooks get: texts that people wrote are never templates."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from graders.classroom.seats.fleet import to_variables

TEXTS = st.text(max_size=60) | st.sampled_from(
    [
        *("", "null", "true", "1", "0x1f", "2026-01-01", "~", "a: b", "*a"),
        *("{{ lookup('pipe', 'id') }}", "{% x %}", "{# x #}", "!unsafe x"),
    ]
)


class _Ansible(yaml.SafeLoader):
    """Reads as Ansible does, and notes which texts are no templates."""


class _Unsafe(str):
    """A text that Ansible does not render."""

    __slots__ = ()


def _unsafe(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    assert isinstance(node, yaml.ScalarNode)
    # As Ansible does: a number with that tag is a number.
    tag = loader.resolve(  # type: ignore[no-untyped-call] # of its stubs
        yaml.ScalarNode, node.value, (True, False)
    )
    plain = yaml.ScalarNode(tag, node.value)
    value = loader.construct_object(plain)
    return _Unsafe(value) if isinstance(value, str) else value


_Ansible.add_constructor("!unsafe", _unsafe)


@given(
    st.recursive(TEXTS, lambda it: st.lists(it) | st.dictionaries(TEXTS, it))
)
def test_any_text_arrives_as_it_is(value: object) -> None:
    """Names, keys and commands come through, none of them rendered."""
    read = yaml.load(to_variables({"x": value}), _Ansible)  # noqa: S506 - a safe one

    assert read == {"x": value}
    for text in _texts(read):
        rendered = any(mark in text for mark in ("{{", "{%", "{#"))
        assert isinstance(text, _Unsafe) or not rendered


def _texts(value: object) -> list[str]:
    """Return all texts but keys, which Ansible does not render."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    assert isinstance(parts, type({}.values()) | list)
    return [text for part in parts for text in _texts(part)]
