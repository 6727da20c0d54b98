"""The faults are tested where the experiments are, in the deployed workload, or alone in a bare sandbox."""

from tests.e2e.conftest import journal, lab, without
from tests.sandbox.conftest import aws, served

__all__ = ["aws", "journal", "lab", "served", "without"]
