"""What an account's policies will make of experiments, and the permissions that experiments need.

Both are derived from the calls as data, before anything is touched.
"""

from chaoskit.predict.foresight import Foresight, compare, foresee
from chaoskit.predict.harness import engine_needs, grants, needs, session_policies
from chaoskit.predict.lockout import Lockouts
from chaoskit.predict.opening import Limiter, predictor
from chaoskit.predict.predictor import Predictor

__all__ = [
    "Foresight",
    "Limiter",
    "Lockouts",
    "Predictor",
    "compare",
    "engine_needs",
    "foresee",
    "grants",
    "needs",
    "predictor",
    "session_policies",
]
