"""Label Studio's own package on what we write, and what it writes for us.

check: {"config", "tasks"} on the standard input; answers {"problems", "least", "coco"}: what its
validators say of each annotation and prediction, and what its converter makes of the file.
write: {"config", "tasks", "regions"}; answers the tasks with regions that the package made.
"""

import json
import logging
import pathlib
import sys
import tempfile

from label_studio_sdk.converter.converter import Converter
from label_studio_sdk.label_interface import LabelInterface

logging.disable(logging.CRITICAL)


def problems(interface, task):
    if not interface.validate_task({"data": task["data"]}):
        yield "data"
    for one in task["annotations"] + task["predictions"]:
        yield from interface.validate_prediction(one, return_errors=True)


def check(config, tasks):
    interface = LabelInterface(config)
    interface.validate()
    found = [[task["id"], words] for task in tasks for words in problems(interface, task)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tasks.json"
        file.write_text(json.dumps(tasks))
        converter = Converter(config, folder, download_resources=False)
        converter.convert_to_json_min(str(file), folder + "/least", is_dir=False)
        least = json.loads(pathlib.Path(folder, "least", "result.json").read_text())
        coco = None
        if "RectangleLabels" in config or "PolygonLabels" in config:
            converter.convert_to_coco(str(file), folder + "/coco", folder + "/images", is_dir=False)
            coco = json.loads(pathlib.Path(folder, "coco", "result.json").read_text())
    return {"problems": found, "least": least, "coco": coco}


def write(config, tasks, regions):
    control = LabelInterface(config).get_control("label")
    result = [control.label(**region)._dict() for region in regions]
    for task in tasks:
        task["annotations"] = [{"completed_by": 17, "result": result, "lead_time": 1.5}]
        task["predictions"] = [{"model_version": "theirs", "score": 0.5, "result": result}]
    return tasks


json.dump({"check": check, "write": write}[sys.argv[1]](**json.load(sys.stdin)), sys.stdout)
