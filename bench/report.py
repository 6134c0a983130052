"""What was measured: as JSON for programs and as Markdown for people."""

import dataclasses
import json
import statistics


@dataclasses.dataclass
class Target:
    """What a figure, or one divided by another, should come to."""

    words: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self):
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def row(self):
        bound = f"≥ {self.at_least:g}" if self.at_most is None else f"≤ {self.at_most:g}"
        unit = "" if self.unit == "×" else " "
        held = "yes" if self.holds else "**no**"
        return f"| {self.words} | {shown(self.value)}{unit}{self.unit} | {bound}{unit}{self.unit} | {held} |"

    def json(self):
        return {**dataclasses.asdict(self), "holds": self.holds}


class Section:
    """The figures of one measurement: a table of what was measured (rows) by what
    was measured of it (columns, whose words end in the unit). Each cell holds the
    samples of all runs."""

    def __init__(self, title, rows, columns):
        self.title, self.rows, self.columns = title, rows, columns
        self.samples = {row: {} for row in rows}
        self.targets, self.notes = [], []

    def add(self, row, **values):
        """One more sample in each of the columns named."""
        for column, value in values.items():
            assert column in self.columns, column
            self.samples[row].setdefault(column, []).append(value)

    def median(self, row, column):
        return statistics.median(self.samples[row][column])

    def target(self, words, value, unit="×", at_least=None, at_most=None):
        self.targets.append(Target(words, value, unit, at_least, at_most))

    def json(self):
        figures = {
            row: {column: {"median": statistics.median(all), "samples": all} for column, all in cells.items()}
            for row, cells in self.samples.items()
        }
        targets = [target.json() for target in self.targets]
        return {"title": self.title, "figures": figures, "targets": targets, "notes": self.notes}

    def markdown(self):
        lines = [f"\n### {self.title}\n", f"| | {' | '.join(self.columns.values())} |"]
        lines.append("|---|" + "---:|" * len(self.columns))
        for row, words in self.rows.items():
            cells = [cell(self.samples[row].get(column)) for column in self.columns]
            lines.append(f"| {words} | {' | '.join(cells)} |")
        return "\n".join(lines + [f"\n{note}" for note in self.notes])


def cell(samples):
    """The median, and between which values the samples lie."""
    if not samples:
        return ""
    if len(samples) == 1:
        return shown(samples[0])
    return f"**{shown(statistics.median(samples))}** ({shown(min(samples))} – {shown(max(samples))})"


def shown(number):
    """About three significant digits, without an exponent."""
    size = abs(number)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{number:,.{digits}f}"


def targets_markdown(sections):
    rows = [target.row() for section in sections.values() for target in section.targets]
    return "\n".join(["\n### Targets\n", "| | found | wanted | held |", "|---|---:|---:|---|", *rows])


def write(path, about, sections):
    found = {**about, "sections": {name: section.json() for name, section in sections.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
