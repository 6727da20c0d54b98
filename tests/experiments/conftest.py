"""The experiments are tested where the experiments are: in the deployed workload."""

from tests.e2e.conftest import journal, lab, without

__all__ = ["journal", "lab", "without"]
