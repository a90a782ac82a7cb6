"""Watch the running lab: judge it again whenever something changes."""
