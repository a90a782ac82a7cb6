"""Checks whether a machine can run a lab, each failure with its remedy."""
