"""Grade a lab: run its checks, report the result, give hints."""
