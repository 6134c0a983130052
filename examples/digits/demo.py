"""Brings dais up and runs its main job on real input: an environment, a dataset,
a training run, a served model, 360 predictions, and two kills in between.

Needs nothing but Python's standard library; everything else runs on the platform.

    python3 examples/digits/demo.py --dais target/ci/dais [--exit] [--report FILE]
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CODE = HERE / "code"
PORTS = {"--http-port": 8080, "--serve-port": 8081, "--kubernetes-port": 6443, "--otlp-port": 4317}
SECTION = "\n\033[1m{}\033[0m" if sys.stdout.isatty() else "\n== {}"


class Broken(Exception):
    """A step did not hold."""


def say(text):
    print(SECTION.format(text), flush=True)


def hold(condition, words):
    print(("  ok   " if condition else "  BROKEN ") + words, flush=True)
    if not condition:
        raise Broken(words)


def free_offset():
    """An offset at which all ports are free, so that two demos can run at once;
    below the ports that clients are given."""
    for _ in range(200):
        offset = random.randrange(1000, 24000)
        try:
            for port in PORTS.values():
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port + offset))
            return offset
        except OSError:
            continue
    raise Broken("no free ports were found")


def children(pid):
    """The process and all below it."""
    found = [pid]
    try:
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        below = " ".join((task / "children").read_text() for task in tasks).split()
    except OSError:
        return found
    for child in below:
        found += children(int(child))
    return found


def pss_mib(pid):
    total = 0
    for each in children(pid):
        try:
            text = pathlib.Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
    return total / 1024


class Platform:
    """One `dais up` with its own data directory and ports."""

    def __init__(self, dais):
        self.dais = str(pathlib.Path(dais).resolve())
        self.data = tempfile.mkdtemp(prefix="dais-demo-")
        os.chmod(self.data, 0o711)
        self.offset = free_offset()
        self.url = f"http://127.0.0.1:{8080 + self.offset}"
        self.log = open(os.path.join(self.data, "up.log"), "ab")
        self.process = None

    def start(self):
        """Starts the platform; milliseconds from exec to the portal answering."""
        command = [self.dais, "up", "--data-dir", self.data, "--port-offset", str(self.offset)]
        began = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True)
        while time.perf_counter() - began < 60:
            try:
                with urllib.request.urlopen(self.url + "/", timeout=5) as answer:
                    answer.read()
                    return (time.perf_counter() - began) * 1000
            except (urllib.error.URLError, ConnectionError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.005)
        raise Broken(f"dais up did not answer; its log is {self.log.name}")

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def down(self):
        subprocess.run([self.dais, "down", "--data-dir", self.data], check=True, stdout=subprocess.DEVNULL)
        self.process.wait()

    def abandon(self):
        """Stops what an interrupted demo leaves, however far the platform had come."""
        if self.is_up():
            subprocess.run([self.dais, "down", "--data-dir", self.data], stdout=subprocess.DEVNULL)
            self.process.terminate()
            self.process.wait()

    def token(self):
        with open(os.path.join(self.data, "client.json")) as file:
            return json.load(file)["token"]

    def command(self, *words):
        return [self.dais, *words[:1], "--data-dir", self.data, *words[1:]]

    def run(self, *words, quiet=False, check=True):
        """Runs a dais command, showing what it prints; its exit code and output."""
        process = subprocess.Popen(
            self.command(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        lines = []
        for line in process.stdout:
            lines.append(line)
            if not quiet:
                print("    " + line.rstrip()[:150], flush=True)
        code = process.wait()
        if check and code != 0:
            raise Broken(f"dais {' '.join(words)} ended with {code}:\n{''.join(lines[-20:])}")
        return code, "".join(lines)

    def ask(self, path, body=None, method=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token()}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, data, timeout=60) as answer:
            return json.load(answer)

    def object(self, resource, name):
        return self.ask(f"/k8s/apis/dais.io/v1alpha1/namespaces/default/{resource}/{name}")

    def until(self, words, condition, seconds=600):
        """Waits until `condition()` is true."""
        end = time.time() + seconds
        while time.time() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise Broken(f"waited {seconds} s for: {words}")


def ready(platform, resource, name):
    conditions = platform.object(resource, name).get("status", {}).get("conditions", [])
    found = next((one for one in conditions if one["type"] == "Ready"), {})
    if found.get("reason") in ("BuildFailed", "PythonMissing", "Invalid"):
        raise Broken(f"{resource}/{name}: {found['message']}")
    return found.get("status") == "True" and found["message"]


def environment(platform):
    say("An environment from requirements, built once in a pod of the project")
    platform.run("apply", "-f", str(HERE / "platform.yaml"))
    shown = 0
    end = time.time() + 900
    while time.time() < end:
        message = ready(platform, "environments", "sklearn")
        code, log = platform.run("logs", "sklearn", "--kind", "environment", quiet=True, check=False)
        lines = log.splitlines() if code == 0 else []
        for line in lines[shown:]:
            print("    " + line[:150], flush=True)
        shown = max(shown, len(lines))
        if message:
            return hold(True, f"environment sklearn: {message}")
        time.sleep(0.5)
    raise Broken("the environment was not built in 15 minutes")


def versions(platform):
    """What the environment holds of the packages that the job stands on."""
    status = platform.object("environments", "sklearn")["status"]
    wanted = ("mlflow-skinny", "numpy", "onnxruntime", "scikit-learn", "skl2onnx")
    found = {package["name"]: package["version"] for package in status["packages"]}
    return {"python": status["pythonVersion"], **{name: found[name] for name in wanted}}


def run_job(platform, *words, check=True):
    return platform.run("run", "--environment", "sklearn", "--code", str(CODE), *words, check=check)


def dataset(platform):
    say("A dataset from real data: UCI handwritten digits")
    run_job(platform, "--name", "prepare", "--", "python", "prepare.py")
    status = platform.until(
        "the dataset's version", lambda: platform.object("datasets", "digits").get("status", {}).get("latest")
    )
    hold(status == "v1", f"dataset digits has version {status}")


def train(platform, name, model, *parameters):
    options = [word for parameter in parameters for word in ("--parameter", parameter)]
    run_job(
        platform, "--name", name, "--dataset", "digits@v1", "--model", model,
        "--cpu", "2", "--memory", "2Gi", *options, "--", "python", "train.py",
    )
    status = platform.object("trainingjobs", name)["status"]
    made = status.get("models", [])
    hold(made == [{"name": model, "version": "1"}], f"job {name} made models:/{model}/1 (run {status['runId'][:8]})")


def metrics_logged(platform, job):
    run = platform.object("trainingjobs", job)["status"]["runId"]
    data = platform.ask(f"/mlflow/p/default/api/2.0/mlflow/runs/get?run_id={run}")["run"]
    names = {metric["key"] for metric in data["data"]["metrics"]}
    hold({"loss", "val_accuracy"} <= names, "mlflow's own client logged parameters and metrics")
    hold(data["info"]["status"] == "FINISHED", "the run is finished")


def serve_and_check(platform, name, model):
    platform.run("deploy", f"models:/{model}/1", "--name", name)
    code, log = run_job(
        platform, "--name", f"check-{name}", "--dataset", "digits@v1",
        "--", "python", "check.py", name, model, check=False,
    )
    found = re.search(r"RESULT (\{.*\})", log)
    if not found:
        raise Broken(f"the check of {name} ended with {code} and said nothing")
    return code, json.loads(found.group(1))


def submit_to_exec(platform):
    """Milliseconds from sending the job to its first instruction."""
    times = []
    for at in range(5):
        name = f"clock-{at}"
        job = {
            "apiVersion": "dais.io/v1alpha1",
            "kind": "TrainingJob",
            "metadata": {"name": name},
            "spec": {"command": ["/bin/date", "+%s.%N"]},
        }
        began = time.time()
        platform.ask("/k8s/apis/dais.io/v1alpha1/namespaces/default/trainingjobs", job)
        platform.until(
            f"job {name}", lambda: platform.object("trainingjobs", name).get("status", {}).get("phase") == "Succeeded", 60
        )
        _, log = platform.run("logs", name, quiet=True)
        times.append((float(log.strip().splitlines()[-1]) - began) * 1000)
    return statistics.median(times)


def stored_numbers(platform, app):
    """The numbers of every line of an application in the log store, in order."""
    numbers, after = [], None
    while True:
        body = {
            "size": 5000,
            "query": {"bool": {"filter": [{"term": {"app": app}}, {"prefix": {"message": "line"}}]}},
            "sort": [{"@timestamp": "asc"}, {"_doc": "asc"}],
            "_source": ["message"],
        }
        if after:
            body["search_after"] = after
        hits = platform.ask("/elasticsearch/_search", body)["hits"]["hits"]
        if not hits:
            return numbers
        found = (re.match(r"line (\d+) ", hit["_source"]["message"]) for hit in hits)
        numbers += [int(match.group(1)) for match in found if match]
        after = hits[-1]["sort"]


def kill_during(platform, name, lines, width, pause):
    """Kills the platform while a job prints numbers, starts it again, and counts."""
    platform.run(
        "run", "--detach", "--name", name, "--code", str(CODE),
        "--", "python3", "count.py", str(lines), str(width), str(pause), quiet=True,
    )
    platform.until("the job to run", lambda: platform.object("trainingjobs", name).get("status", {}).get("phase") == "Running", 60)
    pod = platform.object("trainingjobs", name)["status"]["podName"]
    address = f"/k8s/api/v1/namespaces/default/pods/{pod}"
    before = platform.ask(address)["status"]["containerStatuses"][0]
    time.sleep(lines * pause / 3)
    platform.kill()
    print("    killed with SIGKILL while the job prints", flush=True)
    time.sleep(1)
    platform.start()
    status = platform.until(
        "the job's end",
        lambda: (lambda s: s if s.get("phase") in ("Succeeded", "Failed") else None)(
            platform.object("trainingjobs", name).get("status", {})
        ),
        300,
    )
    after = platform.ask(address)["status"]["containerStatuses"][0]
    adopted = (
        status["phase"] == "Succeeded"
        and status["attempts"] == 1
        and after["containerID"] == before["containerID"]
        and after["restartCount"] == 0
    )
    hold(adopted, f"job {name} was adopted and finished: {status['phase']}, attempt {status['attempts']}")
    platform.until("the last line in the log store", lambda: lines - 1 in stored_numbers(platform, name), 60)
    numbers = stored_numbers(platform, name)
    lost = lines - len(set(numbers))
    hold(lost == 0, f"{len(set(numbers))} of {lines} lines are in the log store")
    hold(len(numbers) == len(set(numbers)), "every line is there exactly once")
    return lost


def main_job(platform, report):
    say("dais up")
    report["ready_ms"] = round(platform.start(), 1)
    hold(True, f"the portal answers after {report['ready_ms']} ms at {platform.url}")
    report["versions"] = platform.ask("/api/info")
    time.sleep(3)
    report["idle_pss_mib"] = round(pss_mib(platform.process.pid), 1)
    hold(True, f"idle, all of it holds {report['idle_pss_mib']} MiB")
    environment(platform)
    report["versions"].update(versions(platform))
    dataset(platform)
    say("Training, logged through the unmodified mlflow package")
    train(platform, "digits", "digits")
    metrics_logged(platform, "digits")
    say("The model behind the gateway, and 360 held-out digits through it")
    code, result = serve_and_check(platform, "digits", "digits")
    report.update({key: result[key] for key in ("accuracy", "predictions", "predict_p50_ms")})
    hold(code == 0 and result["accuracy"] >= 0.95, f"accuracy {result['accuracy']:.3f}, median {result['predict_p50_ms']:.2f} ms")
    hold(result["equal_to_onnxruntime"] == result["predictions"] == 360, "every answer equals ONNX Runtime's")
    say("A model trained on shuffled labels must fail the same check")
    train(platform, "digits-shuffled", "digits-shuffled", "shuffle_labels=1", "epochs=10")
    code, result = serve_and_check(platform, "shuffled", "digits-shuffled")
    report["shuffled_labels_rejected"] = code != 0 and result["accuracy"] < 0.95
    hold(report["shuffled_labels_rejected"], f"rejected: accuracy {result['accuracy']:.3f}")
    say("From submit to the first instruction of a job")
    report["submit_to_exec_ms"] = round(submit_to_exec(platform), 1)
    hold(True, f"median {report['submit_to_exec_ms']} ms")
    say("The platform is killed during a job, and started again")
    lost = kill_during(platform, "numbers", 3000, 10, 0.003)
    say("Once more across a log rotation")
    lost += kill_during(platform, "rotated", 14000, 1000, 0.001)
    report["log_lines_lost"] = lost
    report["adopted_after_kill"] = True


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dais", required=True)
    arguments.add_argument("--report")
    arguments.add_argument("--exit", action="store_true", help="stop everything at the end")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report, platform = {}, Platform(options.dais)
    code = 0
    try:
        main_job(platform, report)
    except Broken as broken:
        print(f"\nBROKEN: {broken}\nThe platform's log is {platform.log.name}", file=sys.stderr)
        code = 1
    except BaseException:
        # Interrupted, for example: nobody was told of the platform, so it must not go on.
        platform.abandon()
        raise
    report["ok"] = code == 0
    if options.report:
        pathlib.Path(options.report).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(options.report).write_text(json.dumps(report, indent=2) + "\n")
        print(f"\nWhat it saw is in {options.report}")
    if platform.is_up():
        if options.exit:
            platform.down()
            if code == 0:
                shutil.rmtree(platform.data, ignore_errors=True)
        else:
            say("The platform goes on")
            platform.run("sign-in")
            print(f"    stop it with: {platform.dais} down --data-dir {platform.data}")
    sys.exit(code)


if __name__ == "__main__":
    main()
