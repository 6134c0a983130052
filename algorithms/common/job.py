"""What a training job finds around it: parameters, inputs, and a way to end with words."""

import json
import os
import pathlib
import sys


class Mistake(Exception):
    """Something that the person who started the job can mend; says what and how."""


def run(train):
    """Runs `train(parameters)`. A mistake ends the job with its words and no traceback."""
    try:
        train(json.loads(os.environ.get("DAIS_PARAMETERS", "{}")))
    except Mistake as mistake:
        print(f"error: {mistake}", file=sys.stderr, flush=True)
        sys.exit(2)


def folder_of(name):
    """The folder of an input; None where the job leaves it out."""
    path = os.environ.get(f"DAIS_INPUT_{name.upper().replace('-', '_')}")
    return pathlib.Path(path) if path else None


def checkpoint_folder():
    """A folder that outlives this attempt; None where the job keeps none."""
    path = os.environ.get("DAIS_CHECKPOINT_DIR")
    return pathlib.Path(path) if path else None


def model_name():
    """The registered model to add a version to; None where the job names none."""
    return os.environ.get("DAIS_MODEL") or None


def say(text):
    print(text, flush=True)
