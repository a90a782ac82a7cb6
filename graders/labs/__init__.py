"""The graders, one file for each lab, found by the lab's name."""
