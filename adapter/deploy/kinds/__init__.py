"""One module for each kind of resource, in the order in which they are made.

A module is the kind; it has five functions:

    read(aws, wanted)     what is there under that name, a Found; None if nothing is
    create(aws, wanted, tell)                        make it, with its tags; returns its id
    change(aws, wanted, found, differences, tell)    returns its id if that is another one, or ""
    delete(aws, found)    unmake it, parts included; one that is gone already is no error
    listed(aws, app)      those of ours, of this app, that belong to a stage (tag STAGE) and go
                          when their settings do; nothing for kinds whose resources stay

A kind may have a sixth, `check(aws, wanted)`, which raises DeployError for what can't be made: it
is asked before anything is. And `tag(aws, found, tags)`, if what it makes has tags that can be set
later, and that `found` has: it is called before `change`, which leaves tags alone. And
`settle(aws, wanted, found)`, if a part of a change has to wait until all else is done.

`wanted` comes with all texts filled in. A call may fail after any other: what is half made has to
be found by `read` in such a way that `change` (or `create`) completes it.
"""

from __future__ import annotations

from types import ModuleType

from . import (
    concurrency,
    event_source,
    function,
    function_url,
    http_api,
    layer,
    log_group,
    notification,
    permission,
    rest_api,
    role,
    rule,
    schedule,
    schedule_group,
    subscription,
    websocket_api,
)

KINDS: dict[str, ModuleType] = {
    "role": role,
    "log_group": log_group,
    "layer": layer,
    "function": function,
    "concurrency": concurrency,
    "http_api": http_api,
    "websocket_api": websocket_api,
    "rest_api": rest_api,
    "permission": permission,
    "function_url": function_url,
    "rule": rule,
    "schedule_group": schedule_group,
    "schedule": schedule,
    "event_source": event_source,
    "notification": notification,
    "subscription": subscription,
}

RENEWED = frozenset({"layer", "function"})
"""Kinds of which a change makes a new version, with another id."""

SHARED = frozenset({"concurrency"})
"""Kinds of which all stages share what is listed: it goes when no stage has it in its settings."""
