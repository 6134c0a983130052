"""A dais platform of a measurement's own: its ports, its data directory, its API."""

import http.client
import json
import pathlib
import signal
import time

from connections import answers, ask_json, free_ports
from processes import Server

OBJECTS = "/k8s/apis/dais.io/v1alpha1/namespaces/default"


class Platform:
    def __init__(self, dais, folder):
        self.dais, self.folder = dais, pathlib.Path(folder)
        self.http_port, self.serve_port, self.s3_port, kubernetes = free_ports(4)
        ports = zip(("http", "serve", "s3", "kubernetes"), (self.http_port, self.serve_port, self.s3_port, kubernetes))
        self.command = [dais, "up", "--data-dir", self.folder / "data"]
        for name, port in ports:
            self.command += [f"--{name}-port", port]
        self.server = None

    def start(self):
        """Starts it; seconds from exec to the portal's first page."""
        self.began = time.perf_counter()
        self.server = Server(self.command, self.folder / "up.log")
        return answers(self.http_port, "/", self.server, self.began)

    def stop(self):
        """Stops it with its work, as `dais down` does."""
        if self.server:
            self.server.stop(signal.SIGINT)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def headers(self):
        token = json.loads((self.folder / "data/client.json").read_text())["token"]
        return {"Authorization": f"Bearer {token}"}

    def ask(self, path, body=None, method=None, headers=None):
        return ask_json(self.http_port, path, body, {**self.headers(), **(headers or {})}, method)

    def text(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        connection.request("GET", path, headers=self.headers())
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def watch(self, resource, name):
        """The states of one object of dais, from its first on, as they come."""
        path = f"{OBJECTS}/{resource}?watch=1&fieldSelector=metadata.name={name}"
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=120)
        connection.request("GET", path, headers=self.headers())
        answer = connection.getresponse()
        try:
            while line := answer.readline():
                yield json.loads(line)["object"]
        finally:
            connection.close()

    def is_ready(self):
        """Whether the node takes work."""
        nodes = self.ask("/k8s/api/v1/nodes")["items"]
        conditions = [one for node in nodes for one in node.get("status", {}).get("conditions", [])]
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
