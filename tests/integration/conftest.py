"""Fixtures of these tests."""

from __future__ import annotations

from tests.fixtures import (
    action,
    base,
    hosts_file,
    no_pooled_shells,
    on_kind,
)

__all__ = ["action", "base", "hosts_file", "no_pooled_shells", "on_kind"]
