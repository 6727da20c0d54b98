"""A served sandbox with a journal's table."""

from tests.journal.tables import served, table

__all__ = ["served", "table"]
