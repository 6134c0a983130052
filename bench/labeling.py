"""Labelling: the import of 50,000 tasks, and the next task of somebody who answers one
after the other, dais beside Label Studio, both on SQLite."""

import json
import secrets
import subprocess
import time

from connections import Connection, answers, ask_json, free_ports, message, percentile
from platforms import OBJECTS, Platform
from processes import Broken, Server, until
from report import Section

TASKS = 50_000
# Of one import, so many are answered.
ANSWERED = 300
PAGE = 100
LABELS = ("good", "bad")
ROWS = {"dais": "dais, the whole platform", "studio": "Label Studio"}
COLUMNS = {
    "import": f"import of {TASKS:,} tasks, ms",
    "page": f"the first {PAGE} of the list, ms",
    "next_p50": "the next task, median, ms",
    "next_p99": "the next task, 99th percentile, ms",
}
CONFIG = '<View><Text name="text" value="$text"/><Choices name="label" toName="text">{}</Choices></View>'


def measure(bench):
    section = Section(f"Labelling: {TASKS:,} tasks", ROWS, COLUMNS)
    section.notes.append(f"Label Studio {version(bench)}.")
    folder = bench.folder("labeling")
    with Platform(bench.dais, folder) as platform, LabelStudio(bench, folder / "studio") as studio:
        dataset(bench, platform, folder / "seed")
        for run in range(bench.runs):
            for work in (Dais(platform, f"bench-{run}"), Studio(studio, f"bench-{run}")):
                measured(section, work)
    import_, next_ = section.median("dais", "import"), section.median("dais", "next_p99")
    section.target(f"import of {TASKS:,} tasks", import_ / 1000, "s", at_most=2)
    section.target("the next task, 99th percentile", next_, "ms", at_most=10)
    section.target("import: as often as Label Studio", section.median("studio", "import") / import_, at_least=1)
    section.target("next: as often as Label Studio", section.median("studio", "next_p99") / next_, at_least=1)
    return section


def measured(section, work):
    section.add(work.key, **{"import": timed(work.fill)[1]})
    section.add(work.key, page=timed(work.page)[1])
    taken, seen = [], set()
    for _ in range(ANSWERED):
        task, took = timed(work.next)
        taken.append(took)
        seen.add(task)
        work.answer(task)
    if len(seen) != ANSWERED:
        raise Broken(f"{work.key} gave {ANSWERED} times one of {len(seen)} tasks")
    section.add(work.key, next_p50=percentile(taken, 0.5), next_p99=percentile(taken, 0.99))


def timed(ask):
    began = time.perf_counter()
    done = ask()
    return done, (time.perf_counter() - began) * 1000


def text(number):
    return f"The parcel of order {number} came after {number % 9} days and was {'whole' if number % 3 else 'torn'}."


class Work:
    """Tasks of one project, over one connection."""

    def __init__(self, port, headers):
        self.port = port
        self.headers = {"Content-Type": "application/json", **headers}
        self.connection = Connection(port)

    def ask(self, path, body=None):
        sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        method = "GET" if body is None else "POST"
        status, answer = self.connection.ask(message(path, "127.0.0.1", self.headers, sent, method))
        if status not in (200, 201):
            raise Broken(f"{self.key} answered {path} with {status}: {answer[:300]!r}")
        return json.loads(answer)


class Dais(Work):
    key = "dais"

    def __init__(self, platform, name):
        config = {"kind": "textClassification", "labels": [{"name": label} for label in LABELS]}
        spec = {"dataset": "seed", "config": config}
        wanted = {"apiVersion": "dais.io/v1alpha1", "kind": "LabelingProject", "metadata": {"name": name}, "spec": spec}
        platform.ask(f"{OBJECTS}/labelingprojects", wanted)
        path = f"{OBJECTS}/labelingprojects/{name}"
        until("the project's first task", lambda: platform.ask(path).get("status", {}).get("tasks"), platform.server)
        super().__init__(platform.http_port, platform.headers())
        self.work, self.turns = f"/labeling/p/default/{name}", {}
        self.body = "".join(json.dumps({"data": {"text": text(each)}}) + "\n" for each in range(TASKS)).encode()
        # The one of the dataset is answered before anything is measured.
        self.answer(self.next())

    def fill(self):
        made = self.ask(f"{self.work}/tasks?format=json-lines", self.body)
        if made["new"] != TASKS:
            raise Broken(f"dais made {made} of {TASKS} tasks")

    def page(self):
        if len(self.ask(f"{self.work}/tasks?limit={PAGE}")["items"]) != PAGE:
            raise Broken("dais listed fewer tasks than were asked for")

    def next(self):
        held = self.ask(f"{self.work}/next", {})["held"]
        self.turns[held["task"]["task"]] = held["turn"]["version"]
        return held["task"]["task"]

    def answer(self, task):
        body = {"version": self.turns.pop(task), "answer": {"choices": [LABELS[0]]}}
        self.ask(f"{self.work}/tasks/{task}/submit", body)


class Studio(Work):
    key = "studio"

    def __init__(self, studio, title):
        super().__init__(studio.port, studio.headers)
        config = CONFIG.format("".join(f'<Choice value="{label}"/>' for label in LABELS))
        self.project = self.ask("/api/projects", {"title": title, "label_config": config})["id"]
        self.body = json.dumps([{"data": {"text": text(each)}} for each in range(TASKS)]).encode()

    def fill(self):
        # The answer of a large import may come before its tasks.
        self.ask(f"/api/projects/{self.project}/import", self.body)
        counted = lambda: self.ask(f"/api/projects/{self.project}")["task_number"] >= TASKS
        until("Label Studio's tasks", counted, seconds=600)

    def page(self):
        tasks = self.ask(f"/api/tasks?project={self.project}&page_size={PAGE}&fields=all")["tasks"]
        if len(tasks) != PAGE:
            raise Broken("Label Studio listed fewer tasks than were asked for")

    def next(self):
        return self.ask(f"/api/projects/{self.project}/next")["id"]

    def answer(self, task):
        chosen = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [LABELS[0]]}}
        self.ask(f"/api/tasks/{task}/annotations", {"result": [chosen]})


class LabelStudio(Server):
    """Label Studio as its documentation starts it, with one person, on SQLite."""

    def __init__(self, bench, folder):
        folder.mkdir()
        [self.port] = free_ports(1)
        person, word, token = "bench@localhost.localdomain", secrets.token_hex(12), secrets.token_hex(20)
        self.headers = {"Authorization": f"Token {token}"}
        settings = {
            "HOME": str(folder),
            "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "DATA_UPLOAD_MAX_MEMORY_SIZE": str(1 << 30),
            "COLLECT_ANALYTICS": "false",
            "LOG_LEVEL": "ERROR",
        }
        command = [bench.label_studio / "bin/label-studio", "start", "--no-browser", "--port", self.port]
        command += ["--internal-host", "127.0.0.1", "--username", person, "--password", word, "--user-token", token]
        began = time.perf_counter()
        super().__init__(command, folder / "studio.log", env=settings, cwd=folder)
        try:
            answers(self.port, "/health", self, began, seconds=180)
            ask_json(self.port, "/api/projects", headers=self.headers)
        except BaseException:
            self.stop()
            raise


def dataset(bench, platform, folder):
    """A labelling project is one of a dataset."""
    folder.mkdir()
    (folder / "seed.csv").write_text("text\nfirst\n")
    command = [bench.dais, "upload", "seed", folder, "--data-dir", platform.folder / "data"]
    command += ["--url", f"http://127.0.0.1:{platform.http_port}"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Broken(f"dais upload ended with {done.returncode}:\n{done.stderr}")


def version(bench):
    words = "import importlib.metadata as m; print(m.version('label-studio'))"
    return subprocess.check_output([bench.label_studio / "bin/python", "-I", "-c", words], text=True).strip()
