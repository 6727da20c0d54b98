"""Faults: one file each, found by scanning."""
