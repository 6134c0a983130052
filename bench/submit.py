"""From sending a TrainingJob to the first instruction of its command, beside the
same command started by a shell. The command is `date`, which says when it ran."""

import subprocess
import time

from platforms import OBJECTS, Platform
from processes import Broken, until
from report import Section

DATE = ["/bin/date", "+%s.%N"]
# In each run, one after another, each beside a start from the shell.
JOBS = 10


ROWS = {
    "shell": "`sh -c date`: to its first instruction",
    "submit": "TrainingJob: to its first instruction",
    "accepted": "TrainingJob: to its being accepted, on disk",
    "done": "TrainingJob: to its status Succeeded",
}


def measure(bench):
    section = Section("From submit to the first instruction", ROWS, {"ms": "ms"})
    with Platform(bench.dais, bench.folder("submit")) as platform:
        until("the node", platform.is_ready, platform.server)
        for run in range(bench.runs):
            for number in range(JOBS):
                section.add("shell", ms=from_shell())
                accepted, first, done = from_submit(platform, f"clock-{run}-{number}")
                section.add("accepted", ms=accepted)
                section.add("submit", ms=first)
                section.add("done", ms=done)
    section.target("submit to first instruction", section.median("submit", "ms"), "ms", at_most=100)
    return section


def from_shell():
    began = time.time()
    done = subprocess.run(["/bin/sh", "-c", " ".join(DATE)], capture_output=True, text=True, check=True)
    return (float(done.stdout) - began) * 1000


def from_submit(platform, name):
    job = {
        "apiVersion": "dais.io/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name},
        "spec": {"command": DATE},
    }
    began = time.time()
    platform.ask(f"{OBJECTS}/trainingjobs", job)
    accepted = time.time()
    for seen in platform.watch("trainingjobs", name):
        status = seen.get("status", {})
        if status.get("phase") in ("Succeeded", "Failed"):
            break
    done = time.time()
    if status["phase"] == "Failed":
        raise Broken(f"job {name} failed: {status}")
    log = platform.text(f"/k8s/api/v1/namespaces/default/pods/{status['podName']}/log")
    return (accepted - began) * 1000, (float(log) - began) * 1000, (done - began) * 1000
