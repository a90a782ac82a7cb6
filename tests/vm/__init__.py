"""Labs on virtual machines, which have kernels of their own."""
