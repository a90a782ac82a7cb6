"""Read-only views of the lab, one for each place to look from."""
