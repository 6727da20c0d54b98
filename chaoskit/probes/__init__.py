"""Probes: one file each, found by scanning."""
