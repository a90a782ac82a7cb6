"""Changes a lab: up, start, reset and down, the lock and the playbooks."""
