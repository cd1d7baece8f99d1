"""Authorizers as AWS's files have them: those of SAM, of CloudFormation and of OpenAPI.

Each function gives the authorizer, with the ARN of its function for the name; or the reason why it
can't be asked here, in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import Authorizer, JWTAuthorizer, LambdaAuthorizer
from .routes import HTTP

if TYPE_CHECKING:
    from .node import Node

NO_COGNITO = "a REST API's Cognito authorizers aren't checked here"
NO_IAM = "AWS's signatures aren't checked here"

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html
_SOURCES = {
    "Headers": ("$request.header.", "method.request.header."),
    "QueryStrings": ("$request.querystring.", "method.request.querystring."),
    "StageVariables": ("$stageVariables.", "stageVariables."),
    "Context": ("$context.", "context."),
}
_JWT_IDENTITY = JWTAuthorizer.identity
_TOKEN_IDENTITY = "method.request.header.Authorization"


def jwt(node: Node, issuer: str, audience: str, identity: str) -> JWTAuthorizer:
    """Of a mapping with an issuer and an audience, under these keys."""
    told = node.get(issuer).required("the URL of who issues the tokens").text()
    return JWTAuthorizer(told, node.get(audience).texts(), identity=identity or _JWT_IDENTITY)


def asking(
    target: str,
    kind: str,
    identity: tuple[str, ...],
    ttl: Node,
    payload: str = "",
    simple: bool = False,
) -> LambdaAuthorizer:
    """One that gets the request. `kind` is the API's; `target` stands for the function.

    Answers are kept by identity, so that they aren't without one, and a WebSocket API keeps none:
    https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
    """
    kept = ttl.integer(0, 3600) if ttl else LambdaAuthorizer.ttl
    return LambdaAuthorizer(
        target,
        "request",
        payload or LambdaAuthorizer.payload,
        simple,
        identity,
        kept if identity and kind != "websocket" else 0,
    )


def token(target: str, header: str, ttl: Node, pattern: Node) -> LambdaAuthorizer:
    """A REST API's, which gets one header's value."""
    kept = ttl.integer(0, 3600) if ttl else LambdaAuthorizer.ttl
    identity = (header or _TOKEN_IDENTITY,)
    return LambdaAuthorizer(target, "token", identity=identity, ttl=kept, pattern=pattern.text())


def words(text: str) -> tuple[str, ...]:
    """The parts of "method.request.header.A, context.b"."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def sam(node: Node, kind: str) -> Authorizer | str:
    """Of the Auth.Authorizers of AWS::Serverless::HttpApi and of AWS::Serverless::Api.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-httpapi-httpapiauth.html
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-api-apiauth.html
    """
    if node.get("UserPoolArn"):
        return NO_COGNITO
    if node.get("JwtConfiguration"):
        identity = node.get("IdentitySource").text()
        return jwt(node.get("JwtConfiguration"), "issuer", "audience", identity)
    return _sam_lambda(node, kind)


def _sam_lambda(node: Node, kind: str) -> LambdaAuthorizer:
    target = node.get("FunctionArn").required("the ARN of a function, or a JwtConfiguration").text()
    identity_of = node.get("Identity")
    ttl = identity_of.get("ReauthorizeEvery")
    is_token = node.get("FunctionPayloadType").text("TOKEN") == "TOKEN"
    if kind not in HTTP and is_token:
        header = identity_of.get("Header").text("Authorization")
        pattern = identity_of.get("ValidationExpression")
        return token(target, f"method.request.header.{header}", ttl, pattern)
    sources = tuple(
        prefixes[kind not in HTTP] + name
        for key, prefixes in _SOURCES.items()
        for name in identity_of.get(key).texts()
    )
    payload = node.get("AuthorizerPayloadFormatVersion").text()
    return asking(target, kind, sources, ttl, payload, node.get("EnableSimpleResponses").flag())


def v2(node: Node, kind: str) -> Authorizer | str:
    """Of the properties of an AWS::ApiGatewayV2::Authorizer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-authorizer.html
    """
    identity = node.get("IdentitySource").texts()
    if node.get("AuthorizerType").text() == "JWT":
        return jwt(node.get("JwtConfiguration"), "Issuer", "Audience", ",".join(identity))
    return asking(
        node.get("AuthorizerUri").text(),
        kind,
        identity,
        node.get("AuthorizerResultTtlInSeconds"),
        node.get("AuthorizerPayloadFormatVersion").text(),
        node.get("EnableSimpleResponses").flag(),
    )


def v1(node: Node) -> Authorizer | str:
    """Of the properties of an AWS::ApiGateway::Authorizer.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-authorizer.html
    """
    which = node.get("Type").text()
    if which == "COGNITO_USER_POOLS":
        return NO_COGNITO
    target, identity = node.get("AuthorizerUri").text(), node.get("IdentitySource").text()
    ttl = node.get("AuthorizerResultTtlInSeconds")
    if which == "TOKEN":
        return token(target, identity, ttl, node.get("IdentityValidationExpression"))
    return asking(target, "rest_api", words(identity), ttl)


def openapi(scheme: Node, kind: str) -> Authorizer | str:
    """Of a security scheme with an x-amazon-apigateway-authorizer.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
    """
    node = scheme.get("x-amazon-apigateway-authorizer")
    which, identity = node.get("type").text(), node.get("identitySource")
    if which == "cognito_user_pools":
        return NO_COGNITO
    sources = words(",".join(identity.texts()))
    if which == "jwt":
        return jwt(node.get("jwtConfiguration"), "issuer", "audience", ",".join(sources))
    target = node.get("authorizerUri").text()
    ttl = node.get("authorizerResultTtlInSeconds")
    if which == "token":
        header = f"method.request.header.{scheme.get('name').text('Authorization')}"
        return token(target, header, ttl, node.get("identityValidationExpression"))
    payload = node.get("authorizerPayloadFormatVersion").text()
    return asking(target, kind, sources, ttl, payload, node.get("enableSimpleResponses").flag())
