"""Changes to the cluster: API client, apply, reset, MetalLB."""
