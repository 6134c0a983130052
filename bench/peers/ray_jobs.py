"""Jobs of Ray, as its documentation submits them.

Usage: ray_jobs.py PORT DATES JOBS AT_A_TIME; prints when the first instructions ran, in
milliseconds after their submission, and how many seconds all jobs of a second took."""

import json
import sys
import time

from ray.job_submission import JobStatus, JobSubmissionClient

port, dates, jobs, at_a_time = map(int, sys.argv[1:])
client = JobSubmissionClient(f"http://127.0.0.1:{port}")


def wait(running, most):
    """Until at most so many are left."""
    while len(running) > most:
        for job in list(running):
            status = client.get_job_status(job)
            if status == JobStatus.FAILED:
                sys.exit(f"job {job} failed: {client.get_job_logs(job)}")
            if status.is_terminal():
                running.remove(job)
        time.sleep(0.02)


def said(job):
    """The number that its program printed; its log may come after its end, between Ray's own lines."""
    for _ in range(500):
        for line in client.get_job_logs(job).splitlines():
            if line.replace(".", "", 1).isdigit():
                return float(line)
        time.sleep(0.02)
    sys.exit(f"job {job} said no time: {client.get_job_logs(job)}")


first = []
for _ in range(dates):
    began = time.time()
    job = client.submit_job(entrypoint="date +%s.%N")
    wait([job], 0)
    first.append((said(job) - began) * 1000)
began, running = time.perf_counter(), []
for _ in range(jobs):
    wait(running, at_a_time - 1)
    running.append(client.submit_job(entrypoint="sleep 1"))
wait(running, 0)
print(json.dumps({"first_ms": first, "seconds": time.perf_counter() - began}))
