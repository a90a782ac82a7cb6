"""Fixtures of these tests."""

from __future__ import annotations

from tests.fixtures import (
    action,
    base,
    hosts_file,
    lab_copy,
    no_pooled_shells,
    on_kind,
)
from tests.lab_model.fixtures import judge

__all__ = [
    "action",
    "base",
    "hosts_file",
    "judge",
    "lab_copy",
    "no_pooled_shells",
    "on_kind",
]
