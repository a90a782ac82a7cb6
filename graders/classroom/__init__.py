"""Submissions: what students hand in, signed and ready to be replayed."""
