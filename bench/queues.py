"""How fast a queue lets jobs in: 1,000 TrainingJobs wait behind a queue that is held; the
clock runs from its opening to the last job's admission.

The jobs ask for more processors than the machine has, so that none of them runs: what
is measured is the queue's part, with the pods that the admitted jobs are given. Kueue,
whose words the queues use, publishes 43 admissions a second for its own scheduling."""

import http.client
import json
import time

from platforms import OBJECTS, Platform
from processes import until
from report import Section

JOBS, TOO_MANY = 1000, 10_000
QUEUES = "/k8s/apis/dais.io/v1alpha1/queues"
ROWS = {"queue": f"a queue with {JOBS:,} jobs"}
COLUMNS = {"per_second": "admissions, /s", "first_ms": "to the first, ms", "last_ms": "to the last, ms"}


def measure(bench):
    section = Section("Queue: admissions", ROWS, COLUMNS)
    for run in range(bench.runs):
        with Platform(bench.dais, bench.folder(f"queues-{run}")) as platform:
            until("the node", platform.is_ready, platform.server)
            hold(platform)
            for number in range(JOBS):
                platform.ask(f"{OBJECTS}/trainingjobs", job(number))
            first, last = admissions(platform)
        section.add("queue", per_second=JOBS / last, first_ms=first * 1000, last_ms=last * 1000)
    section.target("admissions of a queue", section.median("queue", "per_second"), "/s", at_least=1000)
    return section


def hold(platform):
    spec = {"resources": [{"name": "cpu", "nominalQuota": str(JOBS * TOO_MANY)}], "stopPolicy": "Hold"}
    queue = {"apiVersion": "dais.io/v1alpha1", "kind": "Queue", "metadata": {"name": "bench"}, "spec": spec}
    platform.ask(QUEUES, queue)


def job(number):
    resources = {"requests": {"cpu": str(TOO_MANY)}}
    spec = {"command": ["/bin/true"], "queue": "bench", "resources": resources}
    metadata = {"name": f"bench-{number}"}
    return {"apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob", "metadata": metadata, "spec": spec}


def admissions(platform):
    """Seconds from the opening of the queue to the first and to the last admission."""
    listed = platform.ask(f"{OBJECTS}/trainingjobs?limit=1")["metadata"]["resourceVersion"]
    connection = http.client.HTTPConnection("127.0.0.1", platform.http_port, timeout=300)
    path = f"{OBJECTS}/trainingjobs?watch=1&resourceVersion={listed}"
    connection.request("GET", path, headers=platform.headers())
    answer = connection.getresponse()
    began = time.perf_counter()
    patch = {"Content-Type": "application/merge-patch+json"}
    platform.ask(f"{QUEUES}/bench", {"spec": {"stopPolicy": "None"}}, "PATCH", patch)
    admitted, first = set(), None
    while len(admitted) < JOBS:
        seen = json.loads(answer.readline())["object"]
        if seen.get("status", {}).get("admission", {}).get("admitted"):
            admitted.add(seen["metadata"]["name"])
            first = first or time.perf_counter() - began
    connection.close()
    return first, time.perf_counter() - began
