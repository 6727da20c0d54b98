"""Mutation of controls: each is taken away, and an experiment that relies on it must turn FAILED."""

from chaoskit.mutate.campaign import Campaign, mutate
from chaoskit.mutate.control import Control
from chaoskit.mutate.find import controls
from chaoskit.mutate.kept import Basis, Kept
from chaoskit.mutate.mutant import Baseline, Mutant, Outcome, Trial
from chaoskit.mutate.reasons import Reasons
from chaoskit.mutate.staging import Stage, stage

__all__ = [
    "Baseline",
    "Basis",
    "Campaign",
    "Control",
    "Kept",
    "Mutant",
    "Outcome",
    "Reasons",
    "Stage",
    "Trial",
    "controls",
    "mutate",
    "stage",
]
