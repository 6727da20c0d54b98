"""IAM Access Analyzer: external access, found by asking the policy engine for a request that gets through.

Wiring, for whoever assembles the sandbox:

    analyzers = AccessAnalyzer(cloud, bus.put)
    gateway.add_provider(analyzers)
    gateway.add_observers([analyzers])      # sees each change, and analyzes in the background
"""

from __future__ import annotations

from chaoskit.sandbox.access_analyzer.provider import AccessAnalyzer

__all__ = ["AccessAnalyzer"]
