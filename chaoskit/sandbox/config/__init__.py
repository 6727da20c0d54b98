"""AWS Config: a recorder, managed and custom rules, and what they say of the resources that moto keeps.

Wiring, for whoever assembles the sandbox:

    config = ConfigRules(cloud, bus.put)
    gateway.add_provider(config)
    gateway.add_observers([config])         # sees each change, and evaluates in the background
"""

from __future__ import annotations

from chaoskit.sandbox.config.provider import ConfigRules

__all__ = ["ConfigRules"]
