"""Chaos: a command of the kit, a moment, a mishap, and one command back."""
