"""The class board: what students' commands tell it, and who needs help."""
