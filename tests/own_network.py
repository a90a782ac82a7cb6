"""A network of a test's own, where the kernel lets one have it."""

from __future__ import annotations

import subprocess
from typing import Final

import pytest

NET: Final = ("unshare", "-rn")
_CAN: Final = subprocess.run(
    [*NET, "ip", "link", "add", "eth0", "type", "veth"],
    capture_output=True,
    check=False,
)
needs_net = pytest.mark.skipif(
    _CAN.returncode != 0, reason="no network of one's own here"
)
