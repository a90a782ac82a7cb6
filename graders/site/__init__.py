"""The course site: pages made from labs, checks and commands."""
