"""What an account has that experiments could be about: inventory, access paths, and first experiments."""

from chaoskit.discover.access import Path, paths
from chaoskit.discover.drawing import as_mermaid, as_tree
from chaoskit.discover.inventory import Inventory, inventory
from chaoskit.discover.proposals import Proposal, proposals

__all__ = [
    "Inventory",
    "Path",
    "Proposal",
    "as_mermaid",
    "as_tree",
    "inventory",
    "paths",
    "proposals",
]
