"""Many short jobs, and the first instruction of one: TrainingJobs beside Ray's jobs.

A job of the first sort sleeps for a second, and as many are under way as the platform
wants, for Ray as many as its memory allows. One of the second sort is `date`, which says
when it ran."""

import json
import time

from connections import Answering, free_ports
from platforms import OBJECTS, Platform
from processes import Broken, until
from report import Section
from submit import from_submit

JOBS, RAY_JOBS, RAY_AT_A_TIME = 1000, 60, 8
DATES = 10
ROWS = {"dais": "TrainingJobs", "ray": "Ray jobs"}
COLUMNS = {
    "per_second": "jobs of one second, /s",
    "first_ms": "from submit to the first instruction, ms",
    "pss_mib": "memory (PSS) afterwards, MiB",
}


def measure(bench):
    section = Section("Jobs", ROWS, COLUMNS)
    for run in range(bench.runs):
        folder = bench.folder(f"jobs-{run}")
        with Platform(bench.dais, folder) as platform:
            until("the node", platform.is_ready, platform.server)
            for number in range(DATES):
                section.add("dais", first_ms=from_submit(platform, f"date-{number}")[1])
            section.add("dais", per_second=JOBS / many(platform), pss_mib=platform.server.pss_mib())
        with ray(bench, folder) as (server, port):
            found = json.loads(
                bench.python(bench.peers / "ray_jobs.py", port, DATES, RAY_JOBS, RAY_AT_A_TIME)
            )
            for first in found["first_ms"]:
                section.add("ray", first_ms=first)
            section.add("ray", per_second=RAY_JOBS / found["seconds"], pss_mib=server.pss_mib())
    rates = [section.median(key, "per_second") for key in ("dais", "ray")]
    section.target("jobs of one second, as a multiple of Ray's", rates[0] / rates[1], at_least=1)
    return section


def many(platform):
    """Seconds from the first submission to the end of the last job."""
    began = time.perf_counter()
    for number in range(JOBS):
        spec = {"command": ["/bin/sleep", "1"], "resources": {"requests": {"cpu": "10m"}}}
        job = {"apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": {"name": f"sleep-{number}"}}
        platform.ask(f"{OBJECTS}/trainingjobs", {**job, "spec": spec})

    def are_done():
        phases = [one.get("status", {}).get("phase") for one in platform.ask(f"{OBJECTS}/trainingjobs")["items"]]
        if "Failed" in phases:
            raise Broken("a job of one second failed")
        return phases.count("Succeeded") >= JOBS + DATES

    until("the jobs to end", are_done, platform.server, seconds=900, pause=0.5)
    return time.perf_counter() - began


def ray(bench, folder):
    """A head node, with nothing but what jobs need."""
    port, dashboard, client = free_ports(3)
    command = [bench.venv / "bin/ray", "start", "--head", "--block", "--disable-usage-stats"]
    command += ["--port", port, "--dashboard-port", dashboard, "--ray-client-server-port", client]
    command += ["--temp-dir", folder / "ray"]
    env = {"PATH": f"{bench.venv / 'bin'}:/usr/bin:/bin"}
    return Answering(command, folder / "ray.log", env, dashboard, "/api/version")
