"""Runs the checks of a lab: result, report and hints."""
