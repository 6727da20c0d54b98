"""Which services sign with a name that is not their own (botocore's models, `signingName`).

A signature's scope names the signing name; several services may share one and are told apart by path,
target header or version.
"""

from __future__ import annotations

from types import MappingProxyType

_SHARED = {
    "access-analyzer": ("accessanalyzer",),
    "airflow": ("mwaa",),
    "aoss": ("opensearchserverless",),
    "aps": ("amp",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aws-marketplace": ("meteringmarketplace", "marketplace-entitlement", "marketplace-catalog"),
    "awsssoportal": ("sso",),
    "bedrock": (
        "bedrock-runtime",
        "bedrock",
        "bedrock-agent",
        "bedrock-agent-runtime",
        "bedrock-data-automation",
    ),
    "bedrock-agentcore": ("bedrock-agentcore", "bedrock-agentcore-control"),
    "cassandra": ("keyspaces", "keyspacesstreams"),
    "cloudcontrolapi": ("cloudcontrol",),
    "cloudhsm": ("cloudhsmv2", "cloudhsm"),
    "cloudsearch": ("cloudsearch", "cloudsearchdomain"),
    "connect": ("connect", "connect-contact-lens"),
    "connect-campaigns": ("connectcampaigns", "connectcampaignsv2"),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "es": ("opensearch", "es"),
    "execute-api": ("apigatewaymanagementapi",),
    "forecast": ("forecast", "forecastquery"),
    "geo": ("location",),
    "greengrass": ("greengrass", "greengrassv2"),
    "iotdata": ("iot-data",),
    "kinesisanalytics": ("kinesisanalyticsv2", "kinesisanalytics"),
    "kinesisvideo": ("kinesisvideo", "kinesis-video-archived-media"),
    "lambda": ("lambda",),
    "lex": ("lexv2-models", "lex-models", "lexv2-runtime", "lex-runtime"),
    "mediastore": ("mediastore", "mediastore-data"),
    "mobiletargeting": ("pinpoint",),
    "monitoring": ("cloudwatch",),
    "payment-cryptography": ("payment-cryptography", "payment-cryptography-data"),
    "personalize": ("personalize", "personalize-events", "personalize-runtime"),
    "rds": ("rds", "neptune", "docdb"),
    "s3": ("s3control", "s3"),
    "sagemaker": (
        "sagemaker",
        "sagemaker-runtime",
        "sagemaker-metrics",
        "sagemaker-featurestore-runtime",
        "sagemaker-a2i-runtime",
        "sagemaker-edge",
    ),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"),
    "servicequotas": ("service-quotas",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso-admin",),
    "sso-oauth": ("sso-oidc",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}
SHARED = MappingProxyType(_SHARED)


def candidates(signing_name: str) -> tuple[str, ...]:
    """The botocore services that may have signed with this name, the likeliest first."""
    return SHARED.get(signing_name, (signing_name,))
