"""The digits model behind HTTP: `dais serve-model` beside MLServer and BentoML with a
minimal ONNX Runtime model each, with ONNX Runtime called in a loop as the floor; and the
same model as an InferenceService, through the gateway. BentoML has a protocol of its own,
the others answer the Open Inference Protocol.

Every server answers the same bodies from the same client, and is first checked
against ONNX Runtime's own answers."""

import contextlib
import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from connections import Connection, answers, ask_json, free_ports, message
from load import CONNECTIONS, SECONDS, columns, load
from platforms import OBJECTS, Platform
from processes import Broken, Server, until
from report import Section

MODEL = "digits"
INFER = f"/v2/models/{MODEL}/infer"
# Answers compared with ONNX Runtime's, and how far they may be away.
CHECKED, CLOSE = 50, 1e-4
ROWS = {
    "direct": "ONNX Runtime in a Python loop, no server",
    "ort": "`dais serve-model`, ONNX Runtime",
    "tract": "`dais serve-model`, built-in engine",
    "service": "InferenceService behind the gateway, built-in engine",
    "mlserver": "MLServer, in its own process",
    "mlserver_worker": "MLServer, with its worker process",
    "bentoml": "BentoML, one worker",
}
COLUMNS = {**columns("predictions"), "pss_mib": "memory (PSS), MiB"}


def measure(bench):
    section = Section("Inference: one digit a request", ROWS, COLUMNS)
    folder = bench.folder("inference")
    bench.python(bench.peers / "train.py", folder)
    digits = json.loads((folder / "digits.json").read_text())
    for protocol in (V2, BENTO):
        bodies = [protocol.body(digits, row) for row in digits["rows"]]
        (folder / protocol.name).write_bytes(b"\n".join(bodies) + b"\n")
    with contextlib.ExitStack() as stack:
        ways = servers(bench, folder, stack)
        for way in ways:
            check(way, digits)
        for _ in range(bench.runs):
            for connections in CONNECTIONS:
                direct(section, bench, folder, connections)
                for way in ways:
                    ask(section, way, folder, connections)
        for way in ways[:-1]:
            section.add(way.key, pss_mib=way.process.pss_mib())
    ratios(section)
    return section


class V2:
    """The Open Inference Protocol."""

    name = "v2"

    def body(digits, row):
        tensor = {"name": digits["input"], "shape": [1, len(row)], "datatype": "FP32", "data": row}
        return json.dumps({"inputs": [tensor]}).encode()

    def answer(text):
        [output] = json.loads(text)["outputs"]
        return output["data"]


class BENTO:
    """The protocol of bench/peers/bento_service.py."""

    name = "bento"

    def body(digits, row):
        return json.dumps({"rows": [row]}).encode()

    def answer(text):
        return json.loads(text)[0]


class Way:
    """One way to ask the model."""

    def __init__(self, key, process, port, path=INFER, headers=None, protocol=V2):
        self.key, self.process, self.port, self.path = key, process, port, path
        self.headers, self.protocol = {"Content-Type": "application/json", **(headers or {})}, protocol


def servers(bench, folder, stack):
    registry = stack.enter_context(Registry(folder / "model.onnx"))
    ways = [serve_model(bench, folder, stack, registry, engine) for engine in ("ort", "tract")]
    ways += [mlserver(bench, folder, stack, workers) for workers in (0, 1)]
    ways.append(bentoml(bench, folder, stack))
    platform = stack.enter_context(Platform(bench.dais, bench.folder("inference-platform")))
    return [*ways, service(platform, folder)]


def check(way, digits):
    """The way answers as ONNX Runtime does."""
    with Connection(way.port) as connection:
        for row, wanted in zip(digits["rows"][:CHECKED], digits["answers"]):
            sent = way.protocol.body(digits, row)
            status, text = connection.ask(message(way.path, "127.0.0.1", way.headers, sent, "POST"))
            if status != 200:
                raise Broken(f"{way.key} answered {status}: {text[:300]}")
            found = way.protocol.answer(text)
            if any(abs(one - other) > CLOSE for one, other in zip(found, wanted, strict=True)):
                raise Broken(f"{way.key} answered {found}, ONNX Runtime {wanted}")


def ask(section, way, folder, connections):
    url = f"http://127.0.0.1:{way.port}{way.path}"
    result = load(url, connections, SECONDS, "infer.lua", [folder / way.protocol.name], way.headers)
    keep(section, way.key, connections, result)


def direct(section, bench, folder, threads):
    text = bench.python(bench.peers / "direct.py", folder, threads, SECONDS)
    keep(section, "direct", threads, json.loads(text))


def keep(section, key, connections, result):
    section.add(key, **{f"{column}_{connections}": result[column] for column in ("per_second", "p50_ms", "p99_ms")})


def ratios(section):
    for connections in CONNECTIONS:
        rate = {key: section.median(key, f"per_second_{connections}") for key in ROWS}
        peers = {"MLServer's faster way": max(rate["mlserver"], rate["mlserver_worker"]), "BentoML": rate["bentoml"]}
        for key, engine in (("ort", "ONNX Runtime"), ("tract", "built-in engine")):
            for peer, theirs in peers.items():
                words = f"predictions with the {engine}, {connections} at a time, as a multiple of {peer}"
                section.target(words, rate[key] / theirs, at_least=3)


class Registry:
    """What `serve-model` asks of a registry, for one model: where its files are,
    which there are, and the files."""

    def __init__(self, model):
        content = model.read_bytes()
        artifacts = "/api/2.0/mlflow-artifacts/artifacts"

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self):
                address = urlparse(self.path)
                if address.path.endswith("/get-download-uri"):
                    host = self.headers["Host"]
                    self.say(json.dumps({"artifact_uri": f"http://{host}{artifacts}/{MODEL}"}).encode())
                elif address.path == artifacts:
                    found = {"path": f"{parse_qs(address.query)['path'][0]}/model.onnx", "is_dir": False}
                    self.say(json.dumps({"files": [found]}).encode())
                else:
                    self.say(content)

            def say(self, content):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def serve_model(bench, folder, stack, registry, engine):
    """The model server as a pod runs it, without the pod."""
    [port] = free_ports(1)
    command = [bench.dais, "serve-model", f"--model=models:/{MODEL}/1", f"--listen=127.0.0.1:{port}"]
    if engine == "ort":
        environment = folder / "environment"
        environment.mkdir()
        (environment / "venv").symlink_to(bench.venv)
        command.append(f"--environment={environment}")
    env = {"MLFLOW_TRACKING_URI": registry, "MLFLOW_TRACKING_TOKEN": "none"}
    server = stack.enter_context(Server(command, folder / f"{engine}.log", env))
    answers(port, "/v2/health/ready", server, bench.clock())
    platform = ask_json(port, f"/v2/models/{MODEL}")["platform"]
    if platform != {"ort": "onnx_onnxruntime", "tract": "onnx_tract"}[engine]:
        raise Broken(f"the model runs on {platform}, wanted was {engine}")
    return Way(engine, server, port)


def mlserver(bench, folder, stack, workers):
    """MLServer; without workers the model runs in the process that listens."""
    home = folder / f"mlserver-{workers}"
    (home / MODEL).mkdir(parents=True)
    shutil.copy(bench.peers / "onnx_model.py", home)
    ports = dict(zip(("http_port", "grpc_port", "metrics_port"), free_ports(3)))
    settings = {"host": "127.0.0.1", **ports, "parallel_workers": workers, "debug": False}
    (home / "settings.json").write_text(json.dumps(settings))
    parameters = {"uri": str(folder / "model.onnx"), "version": "1"}
    model = {"name": MODEL, "implementation": "onnx_model.OnnxModel", "parameters": parameters}
    (home / MODEL / "model-settings.json").write_text(json.dumps(model))
    env = {"PYTHONPATH": str(home)}
    server = stack.enter_context(Server([bench.venv / "bin/mlserver", "start", home], home / "log", env, home))
    answers(ports["http_port"], f"/v2/models/{MODEL}/ready", server, bench.clock())
    return Way("mlserver_worker" if workers else "mlserver", server, ports["http_port"])


def bentoml(bench, folder, stack):
    [port] = free_ports(1)
    command = [bench.bentoml / "bin/bentoml", "serve", "bento_service:Digits", "--host", "127.0.0.1", "--port", port]
    env = {
        "MODEL": str(folder / "model.onnx"),
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
    }
    server = stack.enter_context(Server(command, folder / "bentoml.log", env, bench.peers))
    answers(port, "/readyz", server, bench.clock(), seconds=120)
    return Way("bentoml", server, port, "/infer", protocol=BENTO)


def service(platform, folder):
    """The model in the platform's registry, served as an InferenceService."""
    api = "/mlflow/p/default/api/2.0/mlflow"
    artifacts = f"{api}-artifacts/artifacts/{MODEL}"
    binary = {"Content-Type": "application/octet-stream"}
    platform.ask(f"{artifacts}/model.onnx", (folder / "model.onnx").read_bytes(), "PUT", binary)
    platform.ask(f"{api}/registered-models/create", {"name": MODEL})
    source = f"http://127.0.0.1:{platform.http_port}{artifacts}"
    platform.ask(f"{api}/model-versions/create", {"name": MODEL, "source": source})
    spec = {"model": f"models:/{MODEL}/1"}
    kind = {"apiVersion": "dais.io/v1alpha1", "kind": "InferenceService"}
    platform.ask(f"{OBJECTS}/inferenceservices", {**kind, "metadata": {"name": MODEL}, "spec": spec})
    for seen in platform.watch("inferenceservices", MODEL):
        conditions = seen.get("status", {}).get("conditions", [])
        if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
            break
    path = f"/serve/default/{MODEL}"
    way = Way("service", platform.server, platform.serve_port, path + INFER, platform.headers())

    def is_routed():
        with Connection(way.port) as connection:
            return connection.ask(message(f"{path}/v2", "127.0.0.1", way.headers))[0] == 200

    until("the service's route", is_routed, platform.server)
    return way
