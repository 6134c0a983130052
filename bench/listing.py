"""Long lists: the first page, and all, of a thousand objects and of ten thousand, for
kinds whose objects controllers look after, and for lists that are kept elsewhere."""

import json
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

from connections import Connection, message
from platforms import OBJECTS, Platform
from processes import Broken
from report import Section

FEW, MANY = 1_000, 10_000
PAGE, ASKED, CLIENTS = 100, 5, 8
# Nothing of them runs: what is measured is lists.
KINDS = {
    "datasets": ("Dataset", {}),
    "trainingjobs": ("TrainingJob", {"command": ["true"], "suspend": True}),
    "applications": ("Application", {"command": ["true"], "stopped": True}),
    "notebooks": ("Notebook", {"stopped": True}),
    "inferenceservices": ("InferenceService", {"model": {"name": "none", "version": "1"}}),
}
TRACKING = "/mlflow/p/default/api/2.0/mlflow"
ROWS = {
    **{resource: f"{kind} objects" for resource, (kind, _) in KINDS.items()},
    "models": "registered models",
    "runs": "runs of an experiment",
}
COLUMNS = {
    "first_few": f"the first {PAGE} of 1,000, ms",
    "first_many": f"the first {PAGE} of 10,000, ms",
    "all_few": "all 1,000, ms",
    "all_many": "all 10,000, ms",
}


def measure(bench):
    section = Section("Long lists: 1,000 and 10,000", ROWS, COLUMNS)
    with Platform(bench.dais, bench.folder("listing")) as platform:
        lists = [Objects(platform, *each) for each in KINDS.items()] + [Models(platform), Runs(platform)]
        for one in lists:
            for count, name in ((FEW, "few"), (MANY, "many")):
                one.fill(count)
                for _ in range(bench.runs * ASKED):
                    section.add(one.key, **{f"first_{name}": timed(one.first), f"all_{name}": timed(lambda: one.whole(count))})
    for key, words in ROWS.items():
        first, whole = (section.median(key, f"{part}_many") / section.median(key, f"{part}_few") for part in ("first", "all"))
        section.target(f"{words}: the first page of 10,000, as a multiple of that of 1,000", first, at_most=2)
        section.target(f"{words}: all 10,000, as a multiple of all 1,000", whole, at_most=10)
    return section


class List:
    """A list of one kind, and who makes what stands in it."""

    def __init__(self, platform, key):
        self.platform, self.key, self.made = platform, key, 0
        self.headers = {"Content-Type": "application/json", **platform.headers()}

    def ask(self, path, body=None, connection=None):
        sent = b"" if body is None else json.dumps(body).encode()
        request = message(path, "127.0.0.1", self.headers, sent, "POST" if sent else "GET")
        if connection is None:
            # Servers close connections that are quiet for some seconds.
            with Connection(self.platform.http_port) as own:
                status, text = own.ask(request)
        else:
            status, text = connection.ask(request)
        if status not in (200, 201):
            raise Broken(f"{self.key}: {path} was answered with {status}: {text[:300]}")
        return text

    def fill(self, count):
        def make(numbers):
            with Connection(self.platform.http_port) as connection:
                for number in numbers:
                    self.make(number, connection)

        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(make, [range(self.made + first, count, CLIENTS) for first in range(CLIENTS)]))
        self.made = count
        # Controllers look at what is new.
        settle(self.platform)

    def expect(self, found, count):
        if found != count:
            raise Broken(f"{self.key}: {found} are listed of {count}")


class Objects(List):
    def __init__(self, platform, resource, described):
        super().__init__(platform, resource)
        self.kind, self.spec = described
        self.path = f"{OBJECTS}/{resource}"

    def make(self, number, connection):
        described = {"apiVersion": "dais.io/v1alpha1", "kind": self.kind, "spec": self.spec}
        self.ask(self.path, {**described, "metadata": {"name": f"listed-{number:05}"}}, connection)

    def first(self):
        self.ask(f"{self.path}?limit={PAGE}")

    def whole(self, count):
        text = self.ask(self.path)
        self.expect(text.count(b'"name":"listed-'), count)


class Pages(List):
    """A list of the tracking server, which gives no more than a page at a time."""

    most = 1_000

    def whole(self, count):
        found, token = 0, ""
        while True:
            page = json.loads(self.page(self.most, token))
            found += len(page[self.name])
            token = page.get("next_page_token")
            if not token:
                break
        self.expect(found, count)


class Models(Pages):
    name = "registered_models"

    def __init__(self, platform):
        super().__init__(platform, "models")

    def make(self, number, connection):
        self.ask(f"{TRACKING}/registered-models/create", {"name": f"listed-{number:05}"}, connection)

    def first(self):
        self.page(PAGE)

    def page(self, most, token=""):
        query = {"max_results": most, **({"page_token": token} if token else {})}
        return self.ask(f"{TRACKING}/registered-models/search?{urllib.parse.urlencode(query)}")


class Runs(Pages):
    name = "runs"

    def __init__(self, platform):
        super().__init__(platform, "runs")
        made = self.ask(f"{TRACKING}/experiments/create", {"name": "listed"})
        self.experiment = json.loads(made)["experiment_id"]

    def make(self, number, connection):
        self.ask(f"{TRACKING}/runs/create", {"experiment_id": self.experiment, "start_time": number}, connection)

    def first(self):
        self.page(PAGE)

    def page(self, most, token=""):
        asked = {"experiment_ids": [self.experiment], "max_results": most, **({"page_token": token} if token else {})}
        return self.ask(f"{TRACKING}/runs/search", asked)


def settle(platform):
    """Returns when the platform has been idle for a second."""
    quiet = 0
    while quiet < 4:
        before = platform.server.cpu_seconds()
        time.sleep(0.25)
        quiet = quiet + 1 if platform.server.cpu_seconds() - before < 0.03 else 0


def timed(ask):
    began = time.perf_counter()
    ask()
    return (time.perf_counter() - began) * 1000
