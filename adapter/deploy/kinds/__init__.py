"""One module for each kind of resource, in the order in which they are made.

A module is the kind; it has five functions:

    read(aws, wanted)     what is there under that name, a Found; None if nothing is
    create(aws, wanted, tell)                        make it, with its tags; returns its id
    change(aws, wanted, found, differences, tell)    returns its id if that is another one, or ""
    delete(aws, found)    unmake it, parts included; one that is gone already is no error
    listed(aws, app)      those of ours, of this app, that belong to a stage (tag STAGE) and go
                          when their settings do; nothing for kinds whose resources stay

`wanted` comes with all texts filled in. A call may fail after any other: what is half made has to
be found by `read` in such a way that `change` (or `create`) completes it.
"""

from __future__ import annotations

from types import ModuleType

from . import log_group

KINDS: dict[str, ModuleType] = {
    "log_group": log_group,
}
