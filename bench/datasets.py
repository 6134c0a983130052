"""Versions of datasets: a hundred thousand small files, and one of 2 GiB, dais beside
DVC, and beside what any of them must do: copy, and hash.

Each time ends when the content is on the disk."""

import os
import random
import shutil
import subprocess
import time

from platforms import Platform
from processes import Broken
from report import Section

FILES, SMALL, FOLDERS = 100_000, 1_000, 100
# So many of the small files are others in the next version.
CHANGED = 100
LARGE = 2 << 30
PART = 4 << 20
ROWS = {
    "cp": "`cp`, then `sha256sum`",
    "dais": "dais: `dais upload`",
    "dvc": "DVC: `dvc add`",
}
COLUMNS = {
    "small": f"{FILES:,} files of 1 kB, s",
    "again": f"the next version, {CHANGED} files changed, s",
    "large": "one file of 2 GiB, s",
}
# Copies what is below $1 to $2 and hashes the copy, as many files at a time as there are
# processors.
COPIED = 'cp -r "$1" "$2" && cd "$2" && find . -type f -print0 | xargs -0 -P "$(nproc)" -n 500 sha256sum > ../sums'


def measure(bench):
    section = Section("Datasets: upload and version", ROWS, COLUMNS)
    folder = bench.folder("datasets")
    sources = {"small": folder / "small", "large": folder / "large"}
    make_small(sources["small"])
    make_large(sources["large"])
    with Platform(bench.dais, folder) as platform:
        ways = (Cp(folder / "cp"), Dais(bench, platform), Dvc(bench, folder / "dvc"))
        section.notes.append(f"DVC {ways[2].version()}.")
        for run in range(bench.runs):
            for way in ways:
                for name, source in sources.items():
                    section.add(way.key, **{name: took(way, f"{name}-{run}", source)})
            change(sources["small"], run)
            for way in ways:
                section.add(way.key, again=took(way, f"small-{run}", sources["small"]))
            for way in ways:
                way.forget(run)
    for name, words in COLUMNS.items():
        dais, words = section.median("dais", name), words.removesuffix(", s")
        section.target(f"{words}: dais' time beside DVC's", dais / section.median("dvc", name), at_most=1)
        if name != "again":
            section.target(f"{words}: dais' time beside cp's with hashing", dais / section.median("cp", name), at_most=2)
    shutil.rmtree(folder, ignore_errors=True)
    return section


def took(way, name, source):
    way.prepare(name, source)
    os.sync()
    began = time.perf_counter()
    way.store(name, source)
    os.sync()
    return time.perf_counter() - began


def make_small(folder):
    chance = random.Random(1)
    for number in range(FOLDERS):
        (folder / f"{number:02}").mkdir(parents=True)
    for number in range(FILES):
        (folder / f"{number % FOLDERS:02}" / f"{number:06}.bin").write_bytes(chance.randbytes(SMALL))


def make_large(folder):
    chance = random.Random(2)
    folder.mkdir()
    with open(folder / "large.bin", "wb") as file:
        for _ in range(LARGE // PART):
            file.write(chance.randbytes(PART))


def change(folder, run):
    chance = random.Random(1_000 + run)
    for number in chance.sample(range(FILES), CHANGED):
        (folder / f"{number % FOLDERS:02}" / f"{number:06}.bin").write_bytes(chance.randbytes(SMALL))


def do(command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Broken(f"{command[0]} {command[1]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


class Way:
    def prepare(self, name, source):
        """What is not timed."""


class Cp(Way):
    key = "cp"

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def prepare(self, name, source):
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def store(self, name, source):
        do(["sh", "-c", COPIED, "copied", source, self.folder / name])

    def forget(self, _run):
        shutil.rmtree(self.folder)
        self.folder.mkdir()


class Dais(Way):
    key = "dais"

    def __init__(self, bench, platform):
        self.command = [bench.dais, "--data-dir", platform.folder / "data"]
        self.command += ["--url", f"http://127.0.0.1:{platform.http_port}"]

    def store(self, name, source):
        do([*self.command, "upload", name, source])

    def forget(self, run):
        for name in ("small", "large"):
            do([*self.command, "delete", "datasets", f"{name}-{run}"])


class Dvc(Way):
    """A folder under DVC, without Git; its cache is a copy, as the others' is."""

    key = "dvc"

    def __init__(self, bench, folder):
        self.program, self.folder = bench.dvc / "bin/dvc", folder
        # Its own settings, and no word to anybody.
        home = folder.parent / "dvc-home"
        self.env = {**os.environ, "HOME": str(home), "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(home)}
        home.mkdir()
        self.begin()

    def begin(self):
        self.folder.mkdir()
        self.do("init", "--no-scm", "--quiet")
        self.do("config", "core.check_update", "false")
        self.do("config", "cache.type", "copy")

    def do(self, *words):
        return do([self.program, *words], cwd=self.folder, env=self.env)

    def version(self):
        return self.do("--version").strip()

    def prepare(self, name, source):
        # What DVC adds lies in its folder already. Of what was added before, only what
        # changed is written: that is how it finds the rest.
        do(["rsync", "--recursive", "--checksum", f"{source}/", self.folder / name])

    def store(self, name, source):
        self.do("add", "--quiet", name)

    def forget(self, _run):
        shutil.rmtree(self.folder)
        self.begin()
