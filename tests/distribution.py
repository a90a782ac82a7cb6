"""Distribution of tests over workers, in groups that share clusters or hosts.

pytest-xdist's mark `xdist_group` has no effect with pytest 9.2: it is written
to an attribute that pytest no longer reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from xdist.remote import Producer


class GroupScheduling(LoadScopeScheduling):
    """Run all tests of a group on one worker, in their order."""

    def __init__(
        self,
        config: pytest.Config,
        log: Producer,
        group_of: Callable[[str], str],
    ) -> None:
        """Group tests by what `group_of` returns for their node ID."""
        super().__init__(config, log)
        self._group_of = group_of

    def _split_scope(self, nodeid: str) -> str:
        return self._group_of(nodeid)
