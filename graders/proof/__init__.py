"""Proves labs and measures them: the driver, the typist and the bench."""
