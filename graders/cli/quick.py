"""Commands that answer at once: for most values, typer loads pydantic.

That takes a fifth of a second, and text needs no conversion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterable


class QuickCommand(TyperCommand):
    """A command whose values are flags, and text as it was typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own class is not public
        """Parse without conversion; other versions of typer convert."""
        _as_typed(self.get_params(ctx))
        return super().parse_args(ctx, args)


class QuickGroup(TyperGroup):
    """A group of commands whose own options are flags."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - as above
        """Parse without conversion."""
        _as_typed(self.get_params(ctx))
        return super().parse_args(ctx, args)


class _AsTyped:
    """A converter for typer that converts nothing."""

    def coerce(self, value: Any, **_: Any) -> Any:  # noqa: ANN401 - typer's
        """Return the value."""
        return value


def _as_typed(parameters: Iterable[object]) -> None:
    for parameter in parameters:
        vars(parameter)["_runtime_param"] = _AsTyped()
