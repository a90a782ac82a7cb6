"""Which lab is running, and the recorded start state it is compared with."""
