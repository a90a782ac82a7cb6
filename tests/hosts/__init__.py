"""Labs on hosts that the tests make themselves."""
