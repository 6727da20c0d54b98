"""AWS as the rest of chaoskit sees it: calls and queries as data, and the one place that sends them.

Importing this is cheap: botocore is imported when the first client is made, boto3 for those that people use.
"""

from chaoskit.aws.budget import Budget, Rate, Spending
from chaoskit.aws.calls import ITEM, Call, Credentials, Each, Query, Secret, load_undo
from chaoskit.aws.inbox import Inboxes, Message
from chaoskit.aws.session import Aws, Connection, default_region, only_reads
from chaoskit.aws.views import Lender, Reader

__all__ = [
    "ITEM",
    "Aws",
    "Budget",
    "Call",
    "Connection",
    "Credentials",
    "Each",
    "Inboxes",
    "Lender",
    "Message",
    "Query",
    "Rate",
    "Reader",
    "Secret",
    "Spending",
    "default_region",
    "load_undo",
    "only_reads",
]
