"""Comparing: which lines one job rejected and another did not, from what both left in their
folders.
"""
