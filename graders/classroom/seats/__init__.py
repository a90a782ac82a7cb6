"""Seats: students' labs in containers on the machines of a class."""
