"""What a course consists of: labs, solutions, the quiz and their templates."""
