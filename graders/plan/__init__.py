"""The address plan: all numbers of a lab, from a student name."""
