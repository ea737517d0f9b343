"""Judging: the verdicts of a block of lines, by the validators that the job names."""
