"""What a data scientist does with MLflow, against the server in MLFLOW_TRACKING_URI."""

import math
import os
import tempfile

import mlflow
import mlflow.sklearn
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

client = MlflowClient()


def refused(call, code):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
    else:
        raise AssertionError("was not refused")


# Experiments
assert client.get_experiment("0").name == "Default"
assert client.get_experiment_by_name("none such") is None
number = client.create_experiment("digits", tags={"team": "a"})
client.set_experiment_tag(number, "stage", "dev")
assert client.get_experiment(number).tags == {"team": "a", "stage": "dev"}
client.rename_experiment(number, "Digits")
assert client.get_experiment_by_name("Digits").experiment_id == number
refused(lambda: client.create_experiment("Digits"), "RESOURCE_ALREADY_EXISTS")
refused(lambda: client.get_experiment("9999"), "RESOURCE_DOES_NOT_EXIST")
client.delete_experiment(number)
assert [e.name for e in client.search_experiments(ViewType.DELETED_ONLY)] == ["Digits"]
client.restore_experiment(number)
assert [e.name for e in client.search_experiments(filter_string="name LIKE 'Dig%'")] == ["Digits"]
assert [e.name for e in client.search_experiments(filter_string="tags.team = 'a'")] == ["Digits"]

# A run as people write it
mlflow.set_experiment("Digits")
with mlflow.start_run(run_name="first") as run:
    mlflow.log_param("depth", 3)
    mlflow.log_params({"lr": 0.1, "opt": "sgd"})
    for step in range(5):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.log_metrics({"acc": 0.9, "nan": math.nan, "inf": math.inf})
    mlflow.set_tag("kind", "test")
    mlflow.set_tags({"a": "1", "b": "2"})
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"x": 1}, "notes/x.json")
    data = mlflow.data.from_numpy(np.arange(6).reshape(3, 2), name="numbers")
    mlflow.log_input(data, context="training")
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "deep/er"))
        for name in ("one.bin", "deep/two.bin", "deep/er/ünï 100%.bin"):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(os.urandom(300_000))
        mlflow.log_artifacts(folder, "tree")
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("loss", 0.3)
run_id = run.info.run_id
found = client.get_run(run_id)
assert found.info.status == "FINISHED" and found.info.run_name == "first"
assert found.data.params == {"depth": "3", "lr": "0.1", "opt": "sgd"}
assert found.data.metrics["loss"] == 0.2 and math.isnan(found.data.metrics["nan"])
assert found.data.metrics["inf"] == math.inf
assert found.inputs.dataset_inputs[0].dataset.name == "numbers"
assert [m.value for m in client.get_metric_history(run_id, "loss")] == [1.0, 0.5, 1 / 3, 0.25, 0.2]
refused(lambda: client.log_param(run_id, "depth", 4), "INVALID_PARAMETER_VALUE")
client.delete_tag(run_id, "kind")
assert "kind" not in client.get_run(run_id).data.tags

# Many at once
now = 1_700_000_000_000
client.log_batch(
    run_id,
    metrics=[Metric("big", float(i), now + i, i) for i in range(900)],
    params=[Param(f"p{i}", str(i)) for i in range(50)],
    tags=[RunTag(f"t{i}", str(i)) for i in range(50)],
)
assert len(client.get_metric_history(run_id, "big")) == 900

# Search
frame = mlflow.search_runs(order_by=["metrics.loss ASC"])
assert list(frame["tags.mlflow.runName"]) == ["first", "child"], frame
assert len(client.search_runs([number], "metrics.loss < 0.25 and params.depth = '3'")) == 1
assert len(client.search_runs([number], "datasets.name = 'numbers' AND dataset.context = 'training'")) == 1
assert len(client.search_runs([number], "attributes.status = 'FINISHED'")) == 2
assert len(client.search_runs([number], "tags.mlflow.parentRunId = '%s'" % run_id)) == 1
page = client.search_runs([number], max_results=1)
assert page.token and len(client.search_runs([number], max_results=1, page_token=page.token)) == 1
refused(lambda: client.search_runs([number], "nonsense ~ 1"), "INVALID_PARAMETER_VALUE")

# Files
assert [f.path for f in client.list_artifacts(run_id)] == ["notes", "tree"]
assert [f.path for f in client.list_artifacts(run_id, "tree/deep")] == ["tree/deep/er", "tree/deep/two.bin"]
local = client.download_artifacts(run_id, "tree")
assert os.path.getsize(os.path.join(local, "deep/er/ünï 100%.bin")) == 300_000
assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt") == "hello"
assert mlflow.artifacts.load_dict(found.info.artifact_uri + "/notes/x.json") == {"x": 1}

# Models
features = np.random.rand(40, 3)
labels = (features[:, 0] > 0.5).astype(int)
with mlflow.start_run(run_name="model") as run:
    model = LogisticRegression().fit(features, labels)
    info = mlflow.sklearn.log_model(
        model, name="model", registered_model_name="classifier", input_example=features[:2]
    )
    mlflow.log_metric("acc", 0.75, model_id=info.model_id)
logged = mlflow.get_logged_model(info.model_id)
assert logged.source_run_id == run.info.run_id and str(logged.status) in ("READY", "LoggedModelStatus.READY")
assert [m.value for m in logged.metrics] == [0.75]
assert [m.model_id for m in mlflow.search_logged_models([number], output_format="list")] == [info.model_id]
assert len(mlflow.search_logged_models([number], filter_string="metrics.acc > 0.7", output_format="list")) == 1
assert client.get_run(run.info.run_id).outputs.model_outputs[0].model_id == info.model_id
client.set_logged_model_tags(info.model_id, {"k": "v"})
client.delete_logged_model_tag(info.model_id, "k")
version = client.get_model_version("classifier", "1")
assert version.run_id == run.info.run_id and version.status == "READY"
assert client.get_model_version_download_uri("classifier", "1").startswith("http")
for address in ("models:/classifier/1", f"models:/{info.model_id}", f"runs:/{run.info.run_id}/model"):
    loaded = mlflow.pyfunc.load_model(address)
    assert (loaded.predict(features) == model.predict(features)).all(), address
assert int(mlflow.register_model(f"runs:/{run.info.run_id}/model", "classifier").version) == 2
client.set_registered_model_alias("classifier", "champion", 2)
assert int(client.get_model_version_by_alias("classifier", "champion").version) == 2
mlflow.sklearn.load_model("models:/classifier@champion")
client.set_model_version_tag("classifier", "2", "checked", "yes")
assert [int(v.version) for v in client.search_model_versions("name = 'classifier' and tags.checked = 'yes'")] == [2]
assert [int(v.version) for v in client.search_model_versions(f"run_id = '{run.info.run_id}'", order_by=["version_number ASC"])] == [1, 2]
client.set_registered_model_tag("classifier", "owner", "ada")
client.update_registered_model("classifier", "what it is")
assert client.get_registered_model("classifier").description == "what it is"
client.update_model_version("classifier", "1", "the first")
assert [m.name for m in client.search_registered_models("name ILIKE 'CLASS%'")] == ["classifier"]
aliases = client.get_registered_model("classifier").aliases
assert {alias: int(version) for alias, version in aliases.items()} == {"champion": 2}
client.rename_registered_model("classifier", "renamed")
client.copy_model_version("models:/renamed/1", "copied")
client.delete_registered_model_alias("renamed", "champion")
client.delete_model_version_tag("renamed", "2", "checked")
client.delete_registered_model_tag("renamed", "owner")
client.delete_model_version("renamed", "1")
refused(lambda: client.get_model_version("renamed", "1"), "RESOURCE_DOES_NOT_EXIST")
client.delete_registered_model("renamed")
client.delete_logged_model(info.model_id)
client.delete_run(run_id)
assert client.get_run(run_id).info.lifecycle_stage == "deleted"
client.restore_run(run_id)

# Autologging, as notebooks do it
mlflow.sklearn.autolog(log_datasets=True)
with mlflow.start_run() as run:
    LogisticRegression(C=0.5).fit(features, labels)
assert client.get_run(run.info.run_id).data.params["C"] == "0.5"

print("all steps passed")
