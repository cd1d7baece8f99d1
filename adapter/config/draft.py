"""An API as it is gathered out of a template or an OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from . import API, CORS, JWTAuthorizer, LambdaAuthorizer, Route, Throttle, schema
from .node import nearest
from .routes import HTTP, checked, unique
from .schema import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from . import Authorizer, Function
    from .node import Node

OPEN = "NONE"  # SAM's name for no authorizer
NOT_PROXY = (
    "these routes lead to a function by non-proxy integrations (type aws), whose mapping templates "
    "aren't worked out here, so they aren't served (those of type aws_proxy are)"
)


@dataclass
class Draft:
    """What is known of an API by now.

    kind         of the front end; "http_api" until its routes say that they have format 1.0
    function     tells the function of an ARN, a URI or a name; "" for one that isn't known
    told         the fields of the API besides
    authorizers  that can be asked
    scopes       an authorizer's own, for routes that name none
    unchecked    the authorizers that can't be asked, and why
    opened       those of them that routes name
    routes       and where they stand
    formats      of the payload, as routes of an HTTP API name them
    elsewhere    what leads to no function that is known
    mapped       what leads to a function by mapping templates
    streaming    functions whose answers this API streams
    notes        on what else doesn't count here
    """

    kind: str
    function: Callable[[str], str]
    told: dict[str, Any] = field(default_factory=dict)
    authorizers: dict[str, Authorizer] = field(default_factory=dict)
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unchecked: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    routes: list[tuple[Route, Node]] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)
    mapped: list[str] = field(default_factory=list)
    streaming: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def add(self, node: Node, key: str, target: str, **rest: Any) -> None:
        """A route to what `target` stands for, an authorizer's name among the `rest`.

        Raises ConfigError for a key that is none, and for an authorizer that isn't there.
        """
        function = self.function(target)
        if not function:
            self.elsewhere.append(key)
            return
        name = self._asked_by(node, rest.pop("authorizer", ""))
        scopes = rest.pop("scopes", ()) or self.scopes.get(name, ())
        if isinstance(self.authorizers.get(name), JWTAuthorizer):
            rest["scopes"] = scopes
        route = Route(checked(key, self.kind, node), function, name, **rest)
        self.routes.append((route, node))

    def _asked_by(self, node: Node, name: str) -> str:
        """The authorizer of this name, or "" if there is none to ask."""
        if name in self.unchecked:
            self.opened.append(name)
        if name in ("", OPEN, *self.unchecked):
            return ""
        if name not in self.authorizers:
            known = nearest(name, self.authorizers)
            raise node.error(f"the API has no authorizer {name!r:.60}{known}")
        return name

    def authorizer(self, node: Node, name: str, found: Authorizer | str) -> None:
        """An authorizer, or why there is none; one that asks a function gives its ARN for now."""
        why = found if isinstance(found, str) else self._missing(found)
        if why:
            self.unchecked[name] = why
        elif not isinstance(found, str):
            self.authorizers[name] = found
            self.unchecked.pop(name, None)  # one that is called AWS_IAM, say

    def _missing(self, one: Authorizer) -> str:
        """What there is not to ask an authorizer with, in words."""
        if isinstance(one, LambdaAuthorizer):
            here = self.function(one.function)
            return "" if here else f"its function, {one.function!r:.60}, isn't in the file"
        for text in (one.issuer, *one.audience):
            if "${" in text:
                return f"the file alone doesn't tell what {text!r:.120} is"
        return ""

    def api(self, node: Node) -> API:
        """The API. Raises ConfigError."""
        formats = self.formats or {"2.0"}
        if self.kind in HTTP and len(formats) > 1:
            raise node.error(
                "its routes have payload formats 1.0 and 2.0, and only one can be served here: "
                "give all of them the same"
            )
        kind = "http_api_v1" if self.kind in HTTP and formats == {"1.0"} else self.kind
        authorizers = {name: self._asked(one) for name, one in self.authorizers.items()}
        routes = unique(self.routes)
        closed = bool(self.elsewhere or self.mapped) and not routes
        return API(kind=kind, routes=routes, closed=closed, authorizers=authorizers, **self.told)

    def _asked(self, one: Authorizer) -> Authorizer:
        """With the function's name in place of its ARN."""
        if not isinstance(one, LambdaAuthorizer):
            return one
        return replace(one, function=self.function(one.function))

    def remarks(self) -> list[str]:
        """What of the file doesn't count here, in sentences."""
        found = [
            f"the authorizer {name} isn't asked, so its routes are open: {why}"
            for name, why in self.unchecked.items()
            if name in self.opened
        ]
        if self.elsewhere:
            routes = ", ".join(self.elsewhere)
            found.append(
                f"these routes lead to no function of the file, and aren't served: {routes}"
            )
        if self.mapped:
            found.append(f"{NOT_PROXY}: {', '.join(self.mapped)}")
        return [*found, *self.notes]


def streaming(functions: Mapping[str, Function], names: set[str]) -> dict[str, Function]:
    """The functions, of which those of these names stream."""
    return {
        name: replace(one, stream=one.stream or name in names) for name, one in functions.items()
    }


def cors(node: Node, upper: bool) -> CORS:
    """CORS settings whose keys are AllowOrigins, or allowOrigins as in OpenAPI."""

    def get(key: str) -> Node:
        return node.get(key if upper else key[0].lower() + key[1:])

    age = get("MaxAge")
    return CORS(
        get("AllowOrigins").texts(),
        get("AllowMethods").texts(),
        get("AllowHeaders").texts(),
        get("ExposeHeaders").texts(),
        age.integer(-1, 86400) if age else None,
        get("AllowCredentials").flag(),
    )


def throttle(rate: Node, burst: Node) -> Throttle | None:
    """None if neither is set; the account's limit counts for the other one.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    """
    if not rate and not burst:
        return None
    return Throttle(
        rate.number(0, MOST) if rate else 10_000.0, burst.integer(0, MOST) if burst else 5_000
    )


def media_types(node: Node) -> tuple[str, ...]:
    """Of a REST API; ~1 stands for the slash, as in a JSON pointer."""
    return tuple(text.replace("~1", "/") for text in node.texts())


def stage(draft: Draft, node: Node) -> str:
    """As API.stage has it: "" for $default, and for one whose name only AWS can tell."""
    if "${" in node.text():
        draft.notes.append(f"the stage's name is {node.text()!r:.60}: its URLs have none here")
        return ""
    return schema.stage(node)


def timeout(node: Node) -> float | None:
    """The seconds of a number of milliseconds; None if there is none."""
    return node.number(50, 900_000) / 1000 if node else None
