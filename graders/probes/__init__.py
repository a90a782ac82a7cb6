"""Read-only views of the lab, one for each place a student can look from."""
