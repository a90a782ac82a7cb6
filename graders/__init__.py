"""MetalLB lab kit: start, grade and reset labs on a real cluster."""
