"""Settings from the environment, the office file and its policies, logging, and what to deploy."""
