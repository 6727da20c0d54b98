"""What results say of an account as a whole: coverage, compliance, maturity and readiness.

Everything here is computed from a results document (`chaoskit/results/v1`) and from what probes saw; nothing
is asked of a person.
"""

from chaoskit.assess.assessment import SCHEMA, Assessment, assess
from chaoskit.assess.compliance import Control
from chaoskit.assess.matrix import Cell
from chaoskit.assess.posture import Answer, Answered, Graded, look_at

__all__ = [
    "SCHEMA",
    "Answer",
    "Answered",
    "Assessment",
    "Cell",
    "Control",
    "Graded",
    "assess",
    "look_at",
]
