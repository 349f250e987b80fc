"""What a cluster shows, and how it is shown."""
