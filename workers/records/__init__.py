"""What the carrier has records of: old ones are deleted, and texts that the line missed are heard."""
