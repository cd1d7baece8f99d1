"""The folder that `docker build` makes an image of: a Dockerfile, the app and its requirements.

https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import PackageError, files
from .build import own_files, requirements_of
from .requirements import path_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .build import Job

_DOCKERFILE = """\
# docker build --platform linux/{platform} --provenance=false --tag {name} {folder}
FROM {image} AS build
WORKDIR /build
COPY requirements.txt .
RUN python3 -m pip install --no-cache-dir --no-compile --target /package{options} \\
    --requirement requirements.txt
COPY app/ /package/
# Byte code that stays valid whatever times the files get. What can't be compiled is left as it is.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash -s /package -p /var/task /package \\
    || true

FROM {image}
COPY --from=build /package/ /var/task/
# Where Lambda is not, this starts the image's own emulator around itself.
ENTRYPOINT ["python3", "-c", "from adapter.runtime import start; start()"]
CMD [{handler}]
"""
_PLATFORMS = {"x86_64": "amd64", "arm64": "arm64"}


def write(job: Job) -> Path:
    """The folder. Raises PackageError if the requirements name files of this machine."""
    wanted = requirements_of(job)
    _checked(wanted.lines)
    folder = job.output / f"{job.name}-container"
    shutil.rmtree(folder, ignore_errors=True)
    for file in (*own_files(job), *files.of_adapter(job.settings.include)):
        place = folder / "app" / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.source, place)
        place.chmod(0o755 if file.executable else 0o644)
    (folder / "requirements.txt").write_text(wanted.text, "utf-8")
    (folder / "Dockerfile").write_text(dockerfile(job, locked=wanted.locked), "utf-8")
    return folder


def dockerfile(job: Job, *, locked: bool) -> str:
    """Its text. A lock file's requirements are all that is to be installed."""
    return _DOCKERFILE.format(
        name=job.name.lower(),
        folder=job.output / f"{job.name}-container",
        platform=_PLATFORMS[job.target.architecture],
        image=f"public.ecr.aws/lambda/python:{job.target.python}",
        options=" --no-deps" if locked else "",
        handler=json.dumps(job.handler),
    )


def _checked(lines: Iterable[str]) -> None:
    local = [line for line in lines if path_in(line).is_absolute()]
    if local:
        listed = "\n".join(f"  {line}" for line in local)
        raise PackageError(
            f"the build of an image sees no files of this machine, and requirements name some:\n"
            f"{listed}"
        )
