"""Counting: the figures of a job while it runs and when it has ended."""
