"""AWS::WAFv2: regional web ACLs and what they protect."""

# ruff: noqa: D102 - ResourceType says what create, update and delete do.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chaoskit.sandbox.cfn.types.base import Physical, ResourceType, gone_is_fine, names

if TYPE_CHECKING:
    from chaoskit.sandbox.cfn.types.base import Job

_NUMBERS = frozenset({"Limit", "Priority", "EvaluationWindowSec"})
_SWITCHES = frozenset({"CloudWatchMetricsEnabled", "SampledRequestsEnabled"})


class WebACL(ResourceType):
    """AWS::WAFv2::WebACL: Ref is `name|id|scope`; Arn, Id."""

    name = "AWS::WAFv2::WebACL"
    replaced_by = names("Name Scope")
    properties = replaced_by | names("DefaultAction Description Rules Tags VisibilityConfig")

    def create(self, job: Job) -> Physical:
        name, scope = job.properties.get("Name") or job.generated_name(128), job.properties["Scope"]
        tags = {"Tags": job.tag_list()} if job.tags else {}
        made = job.client("wafv2").create_web_acl(Name=name, Scope=scope, **_content(job), **tags)["Summary"]
        return Physical(f"{name}|{made['Id']}|{scope}", {"Arn": made["ARN"], "Id": made["Id"]})

    def update(self, job: Job, was: Physical) -> Physical:
        waf, where = job.client("wafv2"), _where(was)
        waf.update_web_acl(**where, **_content(job), LockToken=waf.get_web_acl(**where)["LockToken"])
        return was

    def delete(self, job: Job, was: Physical) -> None:
        waf, where = job.client("wafv2"), _where(was)
        with gone_is_fine():
            waf.delete_web_acl(**where, LockToken=waf.get_web_acl(**where)["LockToken"])


class WebACLAssociation(ResourceType):
    """AWS::WAFv2::WebACLAssociation: Ref is `web-acl|resource`."""

    name = "AWS::WAFv2::WebACLAssociation"
    properties = replaced_by = names("ResourceArn WebACLArn")

    def create(self, job: Job) -> Physical:
        job.client("wafv2").associate_web_acl(**job.pick("ResourceArn", "WebACLArn"))
        return Physical(f"{job.properties['WebACLArn']}|{job.properties['ResourceArn']}")

    def delete(self, job: Job, was: Physical) -> None:
        del was
        with gone_is_fine():
            job.client("wafv2").disassociate_web_acl(**job.pick("ResourceArn"))


def _content(job: Job) -> dict[str, Any]:
    given = job.pick("DefaultAction", "Description", "Rules", "VisibilityConfig")
    return {name: _typed(value) for name, value in given.items()}


def _typed(value: Any, name: str = "") -> Any:
    """Numbers and booleans may be text in a template."""
    if isinstance(value, dict):
        return {key: _typed(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_typed(inner) for inner in value]
    if name in _NUMBERS:
        return int(value)
    return str(value).lower() == "true" if name in _SWITCHES else value


def _where(was: Physical) -> dict[str, str]:
    name, identifier, scope = was.id.split("|")
    return {"Name": name, "Id": identifier, "Scope": scope}
