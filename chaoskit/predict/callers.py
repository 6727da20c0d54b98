"""Who makes a planned call, and the call as `chaoskit.permissions` sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from chaoskit.aws import Query
from chaoskit.aws.sending import method, sending
from chaoskit.predict.documents import placeholder
from chaoskit.predict.look import UnreadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chaoskit.aws import Call
    from chaoskit.predict.look import Look


@dataclass(frozen=True, slots=True)
class Who:
    """A caller.

    Attributes:
        arn: Of the user, of the role's session, or of the root user.
        kind: What it is.
        name: The user's or role's name, without its path.
        own_session: A role session that chaoskit itself makes, with no MFA device.
    """

    arn: str
    account: str
    kind: Literal["role", "user", "root"]
    name: str = ""
    own_session: bool = False
    invoked_by: str = ""

    @property
    def user_name(self) -> str:
        """Set for IAM users."""
        return self.name if self.kind == "user" else ""


@dataclass(frozen=True, slots=True)
class Planned:
    """A call that will be made.

    Attributes:
        source_ip: The address it will come from; None when that is not known.
        source_vpce: The VPC endpoint that it will come through, and `source_vpc` whose that is.
        written: Whether the request could be written; False leaves its headers unknown.
    """

    service: str
    operation: str
    params: Mapping[str, Any]
    account: str
    region: str
    principal: Who
    source_ip: str | None = None
    source_vpce: str = ""
    source_vpc: str = ""
    method: str = "POST"
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    written: bool = True


def planned(call: Call, who: Who, region: str, source_ip: str | None) -> Planned:
    """A call of a fault, written but not sent."""
    request = sending(call)
    return Planned(
        call.service,
        call.operation,
        dict(call.params),
        who.account,
        call.region or region,
        who,
        source_ip,
        method=request.method if request else method(call),
        path=unquote(request.path) if request else "/",
        query=request.query if request else "",
        headers=request.headers if request else {},
        written=request is not None,
    )


def who_is(arn: str, *, own_session: bool = False) -> Who:
    """The caller that `GetCallerIdentity` names, or the role that will be assumed.

    Raises:
        UnreadError: It is none whose policies can be read: a federated user.
    """
    parts = arn.split(":", 5)
    kind, _, rest = parts[5].partition("/")
    account = parts[4]
    match kind:
        case "assumed-role":
            return Who(arn, account, "role", rest.partition("/")[0], own_session)
        case "role":
            name = rest.rpartition("/")[2]
            session = f"arn:{parts[1]}:sts::{account}:assumed-role/{name}/chaoskit"
            return Who(session, account, "role", name, own_session=True)
        case "user":
            return Who(arn, account, "user", rest.rpartition("/")[2])
        case "root":
            return Who(arn, account, "root")
        case _:
            raise UnreadError(f"what {arn} may do")


def signer(call: Call, before: Sequence[Call], look: Look) -> Who | None:
    """Who holds the key that a call is signed with; None for the run's own.

    A key that an earlier call of the fault makes belongs to the user, or the role, that it is made for.

    Raises:
        UnreadError: That can't be told.
    """
    if call.signed_by is None:
        return None
    key = call.signed_by.access_key_id
    made_by = placeholder(key)
    if made_by is None:
        return _holder(key, look)
    operation = made_by.strip("<>").partition(".")[0]
    maker = next((each for each in reversed(before) if each.operation == operation), None)
    match maker and (maker.service, maker.operation):
        case "iam", "CreateAccessKey" if maker and isinstance(maker.params.get("UserName"), str):
            return _user(maker.params["UserName"], look)
        case "sts", "AssumeRole" if maker and not placeholder(str(maker.params.get("RoleArn"))):
            return who_is(str(maker.params["RoleArn"]))
        case _:
            raise UnreadError(f"who holds the key {key}")


def _holder(key: str, look: Look) -> Who:
    what = f"who holds the key {key}"
    name = look.ask(what, Query("iam", "GetAccessKeyLastUsed", {"AccessKeyId": key}, "UserName"))
    if not name:
        raise UnreadError(what)
    return _user(str(name), look)


def _user(name: str, look: Look) -> Who:
    if placeholder(name):
        raise UnreadError(f"the user {name}")
    query = Query("iam", "GetUser", {"UserName": name}, "User", absent=("NoSuchEntity",))
    found = look.ask(f"the user {name}", query)
    arn = found["Arn"] if found else f"arn:aws:iam::{look.account}:user/{name}"
    return Who(str(arn), look.account, "user", name)
