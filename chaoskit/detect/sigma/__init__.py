"""Sigma rules: pySigma parses them, and this package evaluates them on events in memory.

Source: Sigma Rules Specification 2 and its appendix on modifiers. What the specification leaves to the
target system is settled thus: a regular expression is found anywhere in a value; null, absent and an empty
array are one; a condition on an array holds for any of its elements; text, numbers and booleans compare by
what they spell out (`true`, `5`); an object is its compact JSON, in which JSON texts may also be read
unescaped, as SigmaHQ's rules on policy documents need; a keyword is looked for in every value.
"""

from __future__ import annotations

from chaoskit.detect.sigma.engine import SigmaEngine, SigmaMatch, match_sigma
from chaoskit.detect.sigma.errors import InvalidSigmaRule, SigmaProblem
from chaoskit.detect.sigma.rules import CompiledRule, SigmaRules, load_sigma_rules

__all__ = [
    "CompiledRule",
    "InvalidSigmaRule",
    "SigmaEngine",
    "SigmaMatch",
    "SigmaProblem",
    "SigmaRules",
    "load_sigma_rules",
    "match_sigma",
]
