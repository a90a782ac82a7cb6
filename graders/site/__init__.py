"""The course site: what is made from labs, graders and code at build time."""
