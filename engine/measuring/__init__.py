"""Measuring: what jobs cost on the user's data, machine and store, by the very path of an import.

trials -> a process each -> run_import, looked on by a WatchedRunner -> Trial -> prediction, JSON,
picture
"""
