"""A lab without a cluster: objects, controllers and machines in memory."""
