"""Figures: what is counted of a job, of a shard and of a stage, and how a number is written."""
