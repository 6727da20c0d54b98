"""Mutation of controls: each is taken away, and an experiment that relies on it must turn FAILED."""

from chaoskit.mutate.campaign import Campaign, mutate
from chaoskit.mutate.control import Control
from chaoskit.mutate.find import controls
from chaoskit.mutate.mutant import Mutant, Outcome, Trial
from chaoskit.mutate.reasons import Reasons
from chaoskit.mutate.staging import Stage, stage

__all__ = [
    "Campaign",
    "Control",
    "Mutant",
    "Outcome",
    "Reasons",
    "Stage",
    "Trial",
    "controls",
    "mutate",
    "stage",
]
