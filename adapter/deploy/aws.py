"""Clients of boto3, made when they are used."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from . import DeployError, patience

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping
    from typing import Self

Answer = TypeVar("Answer")

# The SDK's `standard` mode tries again what is throttled or failed on the way, with growing waits.
# https://boto3.amazonaws.com/v1/documentation/api/latest/guide/retries.html
_RETRIES = {"mode": "standard", "total_max_attempts": 6}
_SLOW = ("apigateway", "apigatewayv2")


@dataclass
class AWS:
    """An account, in a region, with somebody's credentials.

    profile  of ~/.aws/config; "" for what the environment says
    region   "" for that of the profile
    """

    profile: str = ""
    region: str = ""
    _seen: dict[Hashable, Any] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """boto3's client of a service: the same one each time."""
        if service not in self._clients:
            made = self._made(service, self._config)
            if service in _SLOW:
                patience.slowly(made)
            self._clients[service] = made
        return self._clients[service]

    def once(self, service: str, patience: float) -> Any:
        """A client for calls that must not be made twice: so many seconds for each, and one try.

        Of its own accord the SDK gives an answer 60 seconds, and then calls again.
        """
        from botocore.config import Config

        config = Config(
            read_timeout=patience, retries={"total_max_attempts": 1}, tcp_keepalive=True
        )
        return self._made(service, config)

    def remembering(self) -> Self:
        """The same account, to be looked at once: for a plan, and no longer than that takes."""
        looked_at = copy(self)
        looked_at._seen = {}
        return looked_at

    def asked(self, what: Hashable, call: Callable[[], Answer]) -> Answer:
        """What the call returns; of an account that is `remembering`, what it returned first."""
        if self._seen is None:
            return call()
        if what not in self._seen:
            self._seen[what] = call()
        found: Answer = self._seen[what]
        return found

    def _made(self, service: str, config: Any) -> Any:
        """Raises DeployError where boto3 has no error of its own for what it is set to."""
        try:
            return self._session.client(service, config=config)
        except ValueError as error:
            raise DeployError(
                f"boto3 can't be used as it is set up: {error}. Is AWS_ENDPOINT_URL a URL, and the "
                "region's name right?"
            ) from None

    @cached_property
    def known(self) -> Mapping[str, str]:
        """CloudFormation's pseudo parameters, for texts with values in them."""
        partition, account = self._caller["Arn"].split(":")[1], self._caller["Account"]
        return {
            "AWS::Partition": partition,
            "AWS::Region": self.client("sts").meta.region_name,
            "AWS::AccountId": account,
        }

    @property
    def who(self) -> str:
        """Who calls: "alice", of arn:aws:iam::123456789012:user/alice."""
        name: str = self._caller["Arn"].rpartition("/")[2]
        return name.rpartition(":")[2]

    @cached_property
    def _caller(self) -> Any:
        return self.client("sts").get_caller_identity()

    @cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.Session(profile_name=self.profile or None, region_name=self.region or None)

    @cached_property
    def _config(self) -> Any:
        from botocore.config import Config

        return Config(retries=_RETRIES)  # type: ignore[arg-type]
