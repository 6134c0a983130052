"""A notebook that is started by a visit, beside JupyterLab by hand and JupyterHub.

Each time ends with the whole page of JupyterLab; in all three it is the same version."""

import http.client
import json
import secrets
import subprocess
import time

from connections import free_ports
from platforms import OBJECTS, Platform
from processes import Broken, Server, until
from report import Section

ROWS = {
    "hand": "JupyterLab, by hand",
    "dais": "a notebook that slept, from the visit",
    "hub": "JupyterHub, from the request for a server",
}
COLUMNS = {"ms": "to the page, ms"}
# Between two tries of a server that is not there yet.
PAUSE = 0.01
NOTEBOOK = "bench"
PERSON = "bench"
HUB_CONFIG = """
import os
c = get_config()
c.JupyterHub.bind_url = os.environ["BENCH_URL"]
c.JupyterHub.hub_port = int(os.environ["BENCH_HUB_PORT"])
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.services = [{"name": "bench", "api_token": os.environ["BENCH_TOKEN"]}]
c.JupyterHub.load_roles = [{"name": "bench", "services": ["bench"], "scopes": ["admin:users", "admin:servers", "access:servers"]}]
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.command = [os.environ["BENCH_PROXY"]]
c.ConfigurableHTTPProxy.api_url = os.environ["BENCH_PROXY_API"]
c.Spawner.args = ["--allow-root"]
"""


def measure(bench):
    section = Section("From a visit to JupyterLab's page", ROWS, COLUMNS)
    python = bench.jupyter / "bin/python"
    version = installed(python, "jupyterlab")
    section.notes.append(f"JupyterLab {version}, JupyterHub {installed(python, 'jupyterhub')}.")
    folder = bench.folder("notebooks")
    with Platform(bench.dais, folder) as platform, hub(bench, folder / "hub") as server:
        until("the node", platform.is_ready, platform.server, pause=0.05)
        make(platform, version)
        for run in range(bench.runs):
            section.add("hand", ms=by_hand(python, bench.folder(f"lab-{run}")) * 1000)
            section.add("dais", ms=woken(platform) * 1000)
            section.add("hub", ms=server.spawned() * 1000)
    hand, dais = section.median("hand", "ms"), section.median("dais", "ms")
    section.target("a notebook's start beside JupyterLab's by hand", dais / hand, at_most=1.2)
    section.target("JupyterHub's time beside a notebook's", section.median("hub", "ms") / dais, at_least=1)
    return section


def installed(python, package):
    words = f"import importlib.metadata as m; print(m.version('{package}'))"
    return subprocess.check_output([python, "-I", "-c", words], text=True).strip()


def page(port, path, headers, began, server):
    """Seconds from `began` to the whole page."""
    while True:
        server.check()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            time.sleep(PAUSE)
            continue
        finally:
            connection.close()
        if answer.status == 200 and b"jupyter-config-data" in body:
            return time.perf_counter() - began
        if answer.status not in (302, 404, 424, 503):
            raise Broken(f"{path} answered {answer.status}: {body[:300]!r}")
        time.sleep(PAUSE)


def by_hand(python, folder):
    [port] = free_ports(1)
    token = secrets.token_hex(16)
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    home = {"HOME": str(folder), "JUPYTER_TOKEN": token}
    began = time.perf_counter()
    with Server(command, folder / "lab.log", env=home) as server:
        return page(port, "/lab", {"Authorization": f"token {token}"}, began, server)


def make(platform, version):
    """A notebook with that JupyterLab."""
    wanted = {
        "apiVersion": "dais.io/v1alpha1",
        "kind": "Environment",
        "metadata": {"name": NOTEBOOK},
        "spec": {"python": {"requirements": [f"jupyterlab=={version}"]}},
    }
    platform.ask(f"{OBJECTS}/environments", wanted)
    notebook = {
        "apiVersion": "dais.io/v1alpha1",
        "kind": "Notebook",
        "metadata": {"name": NOTEBOOK},
        "spec": {"environment": NOTEBOOK, "idleSeconds": 1},
    }
    platform.ask(f"{OBJECTS}/notebooks", notebook)


def is_asleep(platform):
    return platform.ask(f"{OBJECTS}/notebooks/{NOTEBOOK}").get("status", {}).get("asleep", False)


def has_no_pod(platform):
    pods = platform.ask("/k8s/api/v1/namespaces/default/pods?labelSelector=dais.io%2Fkind%3DNotebook")
    return not pods["items"]


def woken(platform):
    until("the notebook to sleep", lambda: is_asleep(platform), platform.server, pause=0.1, seconds=300)
    until("its pod to be gone", lambda: has_no_pod(platform), platform.server, pause=0.1)
    headers = {**platform.headers(), "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    began = time.perf_counter()
    return page(platform.serve_port, f"/notebook/default/{NOTEBOOK}/lab", headers, began, platform.server)


class Hub(Server):
    """JupyterHub with one person, whose server is started and stopped."""

    def __init__(self, bench, folder):
        folder.mkdir()
        self.port, hub_port, proxy_port = free_ports(3)
        self.token = secrets.token_hex(16)
        (folder / "config.py").write_text(HUB_CONFIG)
        settings = {
            "BENCH_URL": f"http://127.0.0.1:{self.port}",
            "BENCH_HUB_PORT": str(hub_port),
            "BENCH_PROXY_API": f"http://127.0.0.1:{proxy_port}",
            "BENCH_TOKEN": self.token,
            "BENCH_PROXY": str(bench.proxy / "node_modules/.bin/configurable-http-proxy"),
            "PATH": f"{bench.jupyter / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
        }
        command = [bench.jupyter / "bin/jupyterhub", "--config", "config.py"]
        super().__init__(command, folder / "hub.log", env=settings, cwd=folder)
        until("JupyterHub", self.is_up, self, pause=0.1)
        self.ask("POST", f"/hub/api/users/{PERSON}")

    def ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, headers={"Authorization": f"token {self.token}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status >= 400:
            raise Broken(f"JupyterHub answered {answer.status} to {path}: {body[:300]!r}")
        return json.loads(body) if body else {}

    def is_up(self):
        try:
            return bool(self.ask("GET", "/hub/api/"))
        except (OSError, Broken, ValueError):
            return False

    def spawned(self):
        began = time.perf_counter()
        self.ask("POST", f"/hub/api/users/{PERSON}/server")
        headers = {"Authorization": f"token {self.token}"}
        took = page(self.port, f"/user/{PERSON}/lab", headers, began, self)
        self.ask("DELETE", f"/hub/api/users/{PERSON}/server")
        stopped = lambda: not self.ask("GET", f"/hub/api/users/{PERSON}").get("servers")
        until("the server to end", stopped, self, pause=0.1)
        return took


def hub(bench, folder):
    return Hub(bench, folder)
