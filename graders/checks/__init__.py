"""What grader files import: checks and expectations by protocol."""
