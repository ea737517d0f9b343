"""Hand-off: what was checked here is given to AWS HealthLake, and its answer fetched."""
