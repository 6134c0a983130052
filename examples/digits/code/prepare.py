"""Makes a dataset version from the digits that scikit-learn ships: one file to
train on, one that is held out."""

import pathlib
import subprocess
import tempfile

import numpy
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HELD_OUT = 360

pixels, labels = load_digits(return_X_y=True)
parts = train_test_split(pixels, labels, test_size=HELD_OUT, random_state=7, stratify=labels)
train_pixels, test_pixels, train_labels, test_labels = parts

with tempfile.TemporaryDirectory() as folder:
    for name, x, y in [
        ("train.csv", train_pixels, train_labels),
        ("test.csv", test_pixels, test_labels),
    ]:
        rows = numpy.column_stack([y, x]).astype(int)
        header = "label," + ",".join(f"p{at}" for at in range(x.shape[1]))
        numpy.savetxt(pathlib.Path(folder) / name, rows, "%d", ",", header=header, comments="")
        print(f"{name}: {len(rows)} digits", flush=True)
    subprocess.run(["dais", "upload", "digits", folder], check=True)
