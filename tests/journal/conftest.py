"""A served sandbox with a journal's table."""

from tests.journal.tables import place, served, table

__all__ = ["place", "served", "table"]
