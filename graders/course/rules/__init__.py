"""Rules for authors of labs: each returns problems as `file:line: rule`."""
