"""The commands `lab` and `grade`, one module for each verb."""
