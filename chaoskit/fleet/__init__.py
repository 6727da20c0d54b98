"""Fleets: the same experiments in hundreds of accounts, on AWS's own engine."""
