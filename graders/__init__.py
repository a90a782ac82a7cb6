"""MetalLB lab kit: stands labs up, grades them, hints and resets."""

from typing import Final

__version__: Final = "0.1.0"
