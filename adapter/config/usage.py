"""The API keys of a REST API in a template, and what their usage plans allow.

A key whose value AWS would make up has its logical id for a value here.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-usageplan.html
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-apiusageplan.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import APIKey
from .cloudformation import named
from .draft import throttle
from .schema import MOST

_SHARED = "ServerlessApiKey"  # as SAM names the one that all APIs have

if TYPE_CHECKING:
    from .cloudformation import Template
    from .node import Node


def keys_of(found: Template, api: str, plan: Node) -> tuple[APIKey, ...]:
    """The keys for the API of this logical id. `plan` is SAM's Auth.UsagePlan, if it has one."""
    plans, none = _plans(found), plan.with_value(None)
    keys = [
        APIKey(
            one.id, one.properties.get("Value").text(one.id), **_allowed(plans.get(one.id, none))
        )
        for one in found.of("AWS::ApiGateway::ApiKey")
        if one.id not in plans or _is_for(plans[one.id], api)
    ]
    if plan or not keys:
        name = _SHARED if plan.get("CreateUsagePlan").text() == "SHARED" else f"{api}ApiKey"
        keys.append(APIKey(name, name, **_allowed(plan)))
    return tuple(keys)


def _plans(found: Template) -> dict[str, Node]:
    """{key: its plan}"""
    plans = {one.id: one.properties for one in found.of("AWS::ApiGateway::UsagePlan")}
    links = [one.properties for one in found.of("AWS::ApiGateway::UsagePlanKey")]
    ends = [(named(one.get("KeyId").text()), named(one.get("UsagePlanId").text())) for one in links]
    return {key: plans[plan] for key, plan in ends if plan in plans}


def _is_for(plan: Node, api: str) -> bool:
    stages = plan.get("ApiStages").elements()
    return not stages or any(named(one.get("ApiId").text()) == api for one in stages)


def _allowed(plan: Node) -> dict[str, Any]:
    limit, quota = plan.get("Throttle"), plan.get("Quota")
    told: dict[str, Any] = {
        "throttle": throttle(limit.get("RateLimit"), limit.get("BurstLimit")),
    }
    if quota.get("Limit"):
        told["quota"] = quota.get("Limit").integer(1, MOST)
        told["period"] = quota.get("Period").text("DAY")
    return told
