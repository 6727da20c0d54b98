"""The IAM policy simulator, answering from `chaoskit.policy`."""

from chaoskit.sandbox.simulation.provider import PolicySimulator

__all__ = ["PolicySimulator"]
