"""What the head of a compiled object says: for which processor it is, and which libraries it needs.

https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from . import PackageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from . import File, Target

MACHINES = {62: "x86_64", 183: "aarch64", 3: "i386", 40: "arm", 243: "riscv64", 21: "ppc64"}
_MACH_O = {b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xce\xfa\xed\xfe"}
_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")
_DYNAMIC, _NEEDED, _STRTAB, _LOAD = 2, 1, 5, 1


def machine(path: Path) -> str:
    """x86_64, aarch64; "" for what is no ELF object.

    Of an object for macOS or Windows: that.
    """
    with path.open("rb") as file:
        head = file.read(20)
    if head[:4] == b"\x7fELF" and len(head) == 20:
        order = "<" if head[5] == 1 else ">"
        number: int = struct.unpack_from(f"{order}H", head, 18)[0]
        return MACHINES.get(number, f"machine {number}")
    if head[:4] in _MACH_O and path.suffix in (".so", ".dylib", ""):
        return "macOS"
    return "Windows" if head[:2] == b"MZ" and path.suffix in (".pyd", ".dll") else ""


def check(files: Iterable[File], target: Target) -> int:
    """How many objects there are. Raises PackageError if some are for another processor."""
    machines = {file: found for file in files if (found := machine(file.source))}
    wrong = [file for file, found in machines.items() if found != target.machine]
    if wrong:
        listed = "\n".join(f"  {file.path} ({file.owner}): {machines[file]}" for file in wrong)
        raise PackageError(
            f"these are not for {target.architecture} ({target.machine} in wheels), and would not "
            f"load there:\n{listed}"
        )
    return len(machines)


def glibc(path: Path) -> int:
    """The newest glibc that it asks for, as the number behind `2.`; 0 if none."""
    return max((int(number) for number in _GLIBC.findall(path.read_bytes())), default=0)


def needed(path: Path) -> tuple[str, ...]:
    """The libraries that a 64-bit little-endian object asks for: DT_NEEDED."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return ()
    offset, size, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQ", data, offset + size * n) for n in range(count)]
    dynamic = next((header for header in headers if header[0] == _DYNAMIC), None)
    if dynamic is None:
        return ()
    start, length = dynamic[2], dynamic[5]
    tags = list(struct.iter_unpack("<QQ", data[start : start + length - length % 16]))
    table = next(value for tag, value in tags if tag == _STRTAB)
    strings = next(
        table - address + at
        for kind, _, at, address, _, held in headers
        if kind == _LOAD and address <= table < address + held
    )
    return tuple(
        data[strings + value : data.index(b"\0", strings + value)].decode("ascii", "replace")
        for tag, value in tags
        if tag == _NEEDED
    )
