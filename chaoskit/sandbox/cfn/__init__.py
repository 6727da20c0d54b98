"""CloudFormation: stacks whose resources are made by API calls, authorized as the stack's role or caller."""

from chaoskit.sandbox.cfn.provider import CloudFormation

__all__ = ["CloudFormation"]
