"""Lambda and its front ends, on this machine: real bootstrap processes behind a local gateway."""
