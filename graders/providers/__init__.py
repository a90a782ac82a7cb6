"""Where the machines of a lab are, and how a command reaches them."""
