"""`adapter dev` as a process, for the tests that talk to it."""

import signal
import socket
import subprocess
import sys

import httpx
import psutil


class Dev:
    """`adapter dev ARGUMENTS` in a folder, on a port of its own."""

    def __init__(self, folder, *arguments):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "adapter", "dev", *arguments, "--port", str(self.port)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def wait_until_up(self):
        banner = self.process.stdout.readline()
        if self.url not in banner:
            raise AssertionError(banner + self.stop(signal.SIGKILL))
        return self

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number=signal.SIGINT):
        """The rest of its output."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=30)
        return output


def free_port():
    """A port that nobody else is given for a minute, for a server that is started next.

    A connection that its server closed first stays in TIME-WAIT (RFC 9293, 3.6): port 0 means any
    port but such a one, and a server that asks for it by number, with SO_REUSEADDR, may have it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
        return listener.getsockname()[1]
