"""The import job as a whole: what is asked for, the start, the run, and its door."""
