"""AWS's own tools, each in an environment of its own; `scripts/tool` installs them."""

import functools
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts" / "tool"


@functools.cache
def tool(name):
    """The path of `sam` or `aws`; the first to ask may wait a minute."""
    made = subprocess.run([sys.executable, SCRIPT, name], check=True, stdout=subprocess.PIPE)
    return Path(made.stdout.decode().strip())
