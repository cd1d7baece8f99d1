"""What a project is set to: functions, and the API in front of them.

Values only. `pyproject`, `sam` and `openapi` make them of files; `adapter dev` and the deployment
read them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import AdapterError


class ConfigError(AdapterError):
    """A file of settings can't be used; the text says which one, where in it, and what to do."""


@dataclass(frozen=True)
class Layer:
    """A layer that is a folder here.

    folder  what it holds
    below   where in Lambda's /opt that is: "" for /opt itself, "python" for /opt/python
    """

    folder: Path
    below: str = ""


@dataclass(frozen=True)
class Function:
    """One Lambda function.

    name         as callers of Lambda's Invoke API know it
    handler      main:app for a web app, main.handler for a function(event, context); for another
                 runtime whatever that one reads from the variable _HANDLER
    runtime      Lambda's name of a managed runtime (python3.13, nodejs22.x, provided.al2023)
    command      what is run in place of the runtime above; () for that one
    folder       where its code is, which is its working folder
    code         the text of its only file, `index`, where a template has it inline; "" for a folder
    variables    its environment variables; those of the shell and of .env win over them
    timeout      seconds that an invocation may take
    memory       MB
    concurrency  requests that an environment serves at once, as on Lambda Managed Instances
    stream       whether answers are streamed
    reserved_concurrency  environments that it has at the most on AWS; None for no such limit
    layers       of a template; a later one counts before an earlier one
    """

    name: str
    handler: str
    runtime: str = "python3.13"
    command: tuple[str, ...] = ()
    folder: Path = Path()
    code: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    memory: int = 1024
    concurrency: int = 1
    stream: bool = False
    reserved_concurrency: int | None = None
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True)
class Route:
    """What goes to which function.

    key         "GET /users/{id}", "ANY /files/{proxy+}" or "$default"; of a WebSocket API the
                route's name: "$connect", "$default", "chat"
    function    the function's name
    authorizer  a name in API.authorizers; "" for nobody who is asked
    scopes      of which a JWT must have one
    api_key     whether a REST API wants an API key
    timeout     seconds until the front end gives up; None for its own limit
    """

    key: str
    function: str
    authorizer: str = ""
    scopes: tuple[str, ...] = ()
    api_key: bool = False
    timeout: float | None = None

    @property
    def method(self) -> str:
        """GET, ANY; "" for $default and for a WebSocket API's route."""
        return self.key.partition(" ")[0] if " " in self.key else ""

    @property
    def path(self) -> str:
        """/users/{id}; "" for $default and for a WebSocket API's route."""
        return self.key.partition(" ")[2].strip()


@dataclass(frozen=True)
class CORS:
    """The CORS configuration of an HTTP API or a function URL. `max_age` is in seconds.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: int | None = None
    allow_credentials: bool = False


@dataclass(frozen=True)
class JWTAuthorizer:
    """An HTTP API's JWT authorizer.

    keys      a file or URL of a JWK set; "" for the one that the issuer's metadata names
    identity  where the token is: "$request.header.Authorization"

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """

    issuer: str
    audience: tuple[str, ...]
    keys: str = ""
    identity: str = "$request.header.Authorization"


@dataclass(frozen=True)
class LambdaAuthorizer:
    """A function that says who may pass.

    function  its name
    kind      "request", or of a REST API "token"
    payload   of an HTTP API the format of its event: "1.0" or "2.0"
    simple    whether it answers {"isAuthorized": …} (format 2.0) in place of a policy
    identity  what a caller must send, and by which answers are kept: "$request.header.X" of an
              HTTP API, "method.request.header.X" of a REST API
    ttl       seconds for which an answer is kept; 0 for not at all
    pattern   of a "token": the regular expression that a token must match

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    """

    function: str
    kind: str = "request"
    payload: str = "2.0"
    simple: bool = False
    identity: tuple[str, ...] = ()
    ttl: int = 300
    pattern: str = ""


Authorizer = JWTAuthorizer | LambdaAuthorizer


@dataclass(frozen=True)
class Throttle:
    """A token bucket: `rate` requests a second, and `burst` at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class APIKey:
    """An API key of a REST API, and what its usage plan allows.

    quota   requests in a `period`, which is "DAY", "WEEK" or "MONTH"; None for no limit
    """

    name: str
    value: str
    throttle: Throttle | None = None
    quota: int | None = None
    period: str = "DAY"


@dataclass(frozen=True)
class API:
    """The front end and what it is set to.

    kind                a front end: one of adapter.events.KINDS, or "websocket"
    stage               that URLs begin with; "" for a custom domain, or for $default
    stage_variables     that events carry
    base_paths          of a custom domain: the base path (or mapping key) and the stage it leads
                        to; with any of them, other URLs are refused
    routes              in any order: the most specific one counts
    closed              whether it has no others: without any, the only function gets nothing
    authorizers         by the names that routes have for them
    binary_media_types  of a REST API: for which bodies are bytes; "*/*" is all
    route_selection     of a WebSocket API
    """

    kind: str = "http_api"
    stage: str = ""
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    base_paths: Mapping[str, str] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    closed: bool = False
    cors: CORS | None = None
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    binary_media_types: tuple[str, ...] = ("*/*",)
    api_keys: tuple[APIKey, ...] = ()
    throttle: Throttle | None = None
    route_selection: str = "$request.body.action"


@dataclass(frozen=True)
class Schedule:
    """When a function gets an event of its own accord.

    name        of EventBridge's rule, or of the schedule of EventBridge Scheduler
    expression  "rate(5 minutes)", "cron(0 9 ? * MON-FRI *)" or "at(2030-01-31T09:00:00)"
    function    the function's name
    input       what the function gets, as JSON text; "" for the event of a rule
    timezone    in which cron and at are, by its IANA name
    enabled     whether it is on

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """

    name: str
    expression: str
    function: str
    input: str = ""
    timezone: str = "UTC"
    enabled: bool = True


@dataclass(frozen=True)
class Project:
    """Functions by their names, in the order of the file, and the API in front of them.

    notes      what of the file doesn't count locally, in sentences, to be shown at the start
    schedules  by which functions get events, in the order of the file
    """

    functions: Mapping[str, Function]
    api: API
    notes: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()


def function_name(folder: Path) -> str:
    """The folder's name, as far as a function can have it: letters, digits, - and _, 64 of them."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", folder.absolute().name)[:64].strip("-") or "function"
