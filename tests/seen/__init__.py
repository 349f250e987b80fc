"""What was seen of a cluster, as pages show it."""
