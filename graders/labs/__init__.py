"""The graders, one file a lab, found by the lab's name."""
