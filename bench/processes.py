"""Processes that a measurement starts: what they hold, what they use, their end.

Nothing is ever stopped but what was started here, by its process id."""

import os
import pathlib
import re
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
# A server that has not ended by itself after this long is ended.
GRACE = 20


class Broken(Exception):
    """A measurement could not be made."""


class Server:
    """A process with its descendants and the file that its output goes to."""

    def __init__(self, command, log, env=None, cwd=None):
        self.log = pathlib.Path(log)
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**inherited(), **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def check(self):
        """Raises when the process has ended, with the last it said."""
        if self.process.poll() is not None:
            raise Broken(f"{self.process.args[0]} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def tree(self):
        return descendants(self.process.pid)

    def pss_mib(self):
        return sum(pss_kib(pid) for pid in self.tree()) / 1024

    def cpu_seconds(self):
        return sum(cpu_ticks(pid) for pid in self.tree()) / TICKS

    def stop(self, how=signal.SIGTERM):
        """Asks for the end and waits for it; what is left of the tree is killed."""
        below = [(pid, started(pid)) for pid in self.tree()[1:]]
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid, start in below:
            if start is not None and started(pid) == start:
                os.kill(pid, signal.SIGKILL)


def inherited():
    """The environment, less what would tell dais of another platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DAIS_")}


def descendants(pid):
    """The process and all below it."""
    try:
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        below = " ".join((task / "children").read_text() for task in tasks).split()
    except OSError:
        return [pid]
    return [pid] + [one for child in below for one in descendants(int(child))]


def stat(pid):
    """Fields of /proc/PID/stat from the third on (proc(5)); None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def started(pid):
    """When a process started, which tells it from a later one with its id."""
    fields = stat(pid)
    return fields and fields[19]


def cpu_ticks(pid):
    """User and system time of a process and of its ended children."""
    fields = stat(pid)
    return sum(int(field) for field in fields[11:15]) if fields else 0


def pss_kib(pid):
    """Proportional set size: shared pages are counted by share."""
    try:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+)", text, re.M)
    return int(found.group(1)) if found else 0


def until(words, condition, server=None, seconds=60, pause=0.01):
    """Waits until `condition()` is true, and gives what it gave. For states that
    nothing announces."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if value := condition():
                return value
        except ConnectionError:
            pass  # Not even listening yet.
        if server:
            server.check()
        time.sleep(pause)
    raise Broken(f"waited {seconds} s for {words}" + (f":\n{server.tail()}" if server else ""))
