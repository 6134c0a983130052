"""Tries to move the protected alias `production` of `digits` through the unmodified
mlflow package, by every way that there is; then moves one that is not protected.
Reads MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN."""

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()


def refused(call):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == "PERMISSION_DENIED", error.error_code
        assert "protected" in str(error) and "dais promote" in str(error), str(error)
    else:
        raise AssertionError("was not refused")


refused(lambda: client.set_registered_model_alias("digits", "production", "2"))
refused(lambda: client.delete_registered_model_alias("digits", "production"))
refused(lambda: client.transition_model_version_stage("digits", "2", "Production"))
refused(lambda: client.delete_model_version("digits", "1"))
refused(lambda: client.delete_registered_model("digits"))
refused(lambda: client.rename_registered_model("digits", "numbers"))
client.set_registered_model_alias("digits", "candidate", "2")
assert int(client.get_model_version_by_alias("digits", "candidate").version) == 2
client.delete_registered_model_alias("digits", "candidate")
assert int(client.get_model_version_by_alias("digits", "production").version) == 1
print("all steps passed")
