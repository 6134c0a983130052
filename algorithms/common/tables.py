"""Tables of an input: read, checked, and turned into numbers.

A model takes one matrix of float32: a column for each feature, in the order of `Features`.
Numbers are themselves, texts the place of their category, what is missing or new is NaN.
"""

import numpy
import pandas

from job import Mistake

READERS = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet}
MOST_CATEGORIES = 100


def read(folder):
    """All CSV and Parquet files of a folder, one below the other."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS)
    if not paths:
        found = ", ".join(sorted(path.name for path in folder.rglob("*"))[:5]) or "nothing"
        raise Mistake(f"the input holds no .csv or .parquet file; it holds {found}")
    tables = []
    for path in paths:
        try:
            tables.append(READERS[path.suffix.lower()](path))
        except ImportError as error:
            raise Mistake(f"{path.name}: reading Parquet needs the package pyarrow in the environment") from error
        except (ValueError, OSError) as error:
            raise Mistake(f"{path.name} cannot be read: {error}") from error
        columns, first = list(tables[-1].columns), list(tables[0].columns)
        if set(columns) != set(first):
            other = ", ".join(map(str, sorted(set(columns) ^ set(first), key=str)))
            raise Mistake(f"{path.name} has other columns than {paths[0].name}: {other}")
    table = pandas.concat(tables, ignore_index=True)
    if table.empty:
        raise Mistake("the input has no rows")
    return table


def shown(value):
    """A value as a person writes it."""
    return repr(value.item() if isinstance(value, numpy.generic) else value)


def column(table, name):
    """A column that must be there."""
    if name not in table.columns:
        raise Mistake(f"there is no column {name!r}; there are {', '.join(map(str, table.columns))}")
    return table[name]


def target_of(table, name):
    """The rows that have a target, and the target; it must differ somewhere."""
    target = column(table, name)
    table, target = table[target.notna()], target[target.notna()]
    if target.empty:
        raise Mistake(f"column {name!r} is empty: there is nothing to learn")
    if target.nunique() == 1:
        raise Mistake(f"column {name!r} is {shown(target.iloc[0])} in all {len(target)} rows: there is nothing to learn")
    return table, target


def numbers(series):
    """A target that must be a number."""
    values = pandas.to_numeric(series, errors="coerce")
    if values.isna().any():
        bad = series[values.isna()].iloc[0]
        raise Mistake(f"column {series.name!r} must hold numbers; a row says {shown(bad)}")
    values = values.to_numpy(float)
    if not numpy.isfinite(values).all():
        raise Mistake(f"column {series.name!r} holds infinite numbers")
    return values


class Features:
    """Which columns a model reads, and how they become numbers."""

    def __init__(self, table, leave_out=(), only=()):
        for name in only:
            column(table, name)
        names = [name for name in (only or table.columns) if name not in leave_out]
        self.names, self.categories, constant = [], [], []
        for name in names:
            series = table[name]
            if series.nunique(dropna=True) < 2:
                constant.append(str(name))
                continue
            categories = None
            if not pandas.api.types.is_numeric_dtype(series):
                categories = sorted(series.dropna().astype(str).unique())
                if len(categories) > MOST_CATEGORIES:
                    raise Mistake(
                        f"column {name!r} has {len(categories)} different texts, more than {MOST_CATEGORIES}; "
                        "name the columns to read in the parameter columns"
                    )
            self.names.append(str(name))
            self.categories.append(categories)
        self.constant = constant
        if not self.names:
            raise Mistake("no column is left to learn from: all others are constant or the target")

    def matrix(self, table):
        columns = []
        for name, categories in zip(self.names, self.categories):
            series = table[name]
            if categories is None:
                columns.append(pandas.to_numeric(series, errors="coerce"))
            else:
                places = {category: place for place, category in enumerate(categories)}
                texts = series.map(lambda value: None if pandas.isna(value) else str(value))
                columns.append(texts.map(places).astype(float))
        matrix = numpy.column_stack([column.to_numpy(numpy.float32) for column in columns])
        matrix[~numpy.isfinite(matrix)] = numpy.nan
        return matrix

    def described(self):
        """For whoever asks the model later: the meaning of each place in its input."""
        return [
            {"name": name, "categories": categories} if categories else {"name": name}
            for name, categories in zip(self.names, self.categories)
        ]


class Scaling:
    """From a matrix with gaps to one without: medians for what is missing, every column
    around 0 with deviation 1, categories as one column each."""

    def __init__(self, matrix, categories):
        self.kinds = [len(one) if one else 0 for one in categories]
        self.numeric = [place for place, kinds in enumerate(self.kinds) if not kinds]
        given = matrix[:, self.numeric]
        self.median = numpy.nanmedian(given, axis=0).astype(numpy.float32)
        filled = numpy.where(numpy.isnan(given), self.median, given)
        self.mean = filled.mean(axis=0).astype(numpy.float32)
        self.deviation = (filled.std(axis=0) + 1e-9).astype(numpy.float32)

    def apply(self, matrix):
        given = matrix[:, self.numeric]
        filled = numpy.where(numpy.isnan(given), self.median, given)
        parts = [(filled - self.mean) / self.deviation]
        for place, kinds in enumerate(self.kinds):
            if kinds:
                parts.append(matrix[:, [place]] == numpy.arange(kinds, dtype=numpy.float32))
        return numpy.concatenate(parts, axis=1).astype(numpy.float32)
