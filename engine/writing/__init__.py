"""Writing: what comes of lines: the logs of HealthLake, their parts, and the Manifest."""
