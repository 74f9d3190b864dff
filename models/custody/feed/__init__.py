"""The watched folder of the custody feed: manifests, batches, and the order in which they land (R16)."""
