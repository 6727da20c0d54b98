"""A secret is written into a function's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chaoskit.aws import Call, Query
from chaoskit.contract import Change, Fault, fault

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Changes

_LOOKS_SECRET: Final = ("KEY", "PASSWORD", "SECRET_VALUE", "TOKEN")


@fault("lambda.secret-in-environment", layer="data", attack=("T1552",), atlas=("AML.T0055",))
class SecretInEnvironment(Fault):
    """Write a password into a function's environment, where everyone who may list functions reads it.

    The password is made up. A function's other variables are journaled for the undo, so one that seems to
    keep a secret there already is left alone.

    Detected by: UpdateFunctionConfiguration20150331v2.

    Attributes:
        function: The function's name.
        variable: The variable that is added.
    """

    function: str
    variable: str = "DB_PASSWORD"

    def changes(self, aws: Reader) -> Changes:
        """Add the variable; undone by the variables that were there."""
        environment = Query(
            "lambda",
            "GetFunctionConfiguration",
            {"FunctionName": self.function},
            "Environment.Variables || `{}`",
        )
        prior = dict(aws.read(environment))
        if any(mark in name.upper() for name in prior for mark in _LOOKS_SECRET):
            return
        yield Change(
            do=self._set({**prior, self.variable: "made-up-by-chaoskit"}),
            undo=(self._set(prior),),
            state=environment,
        )

    def _set(self, variables: dict[str, str]) -> Call:
        return Call(
            "lambda",
            "UpdateFunctionConfiguration",
            # Lambda takes one update at a time (Lambda Developer Guide, "Lambda function states").
            not_yet=("ResourceConflictException",),
            FunctionName=self.function,
            Environment={"Variables": variables},
        )
