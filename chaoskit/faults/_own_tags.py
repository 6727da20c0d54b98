"""What the faults share that make something of EC2 again with its tags."""

from __future__ import annotations

from typing import Final

OWN_TAGS: Final = "sort_by((Tags || `[]`)[?!starts_with(Key, 'aws:')], &Key)"
"""A resource's tags, as JMESPath: nobody but AWS can give tags of its own, such as those of a stack."""
