"""Writes the archives of this folder with Python's own modules: python make.py"""

import io
import pathlib
import tarfile
import zipfile

here = pathlib.Path(__file__).parent
LONG = "folder/" + "long name " * 20 + ".txt"
FILES = {"图 1.txt": b"one", LONG: b"two", "empty": b""}


def tar(name, mode, form):
    with tarfile.open(here / name, mode, format=form) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, content in FILES.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


tar("gnu.tar", "w", tarfile.GNU_FORMAT)
tar("pax.tar.gz", "w:gz", tarfile.PAX_FORMAT)
with zipfile.ZipFile(here / "utf8.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("folder/", b"")
    for path, content in FILES.items():
        archive.writestr(path, content)
# As Chinese Windows writes names: GBK, without the flag for UTF-8.
name = "图 1.txt".encode("gbk")
with zipfile.ZipFile(here / "plain.zip", "w") as archive:
    entry = zipfile.ZipInfo("x" * len(name))
    entry.create_system = 0
    archive.writestr(entry, b"one")
packed = (here / "plain.zip").read_bytes().replace(b"x" * len(name), name)
(here / "gbk.zip").write_bytes(packed)
(here / "plain.zip").unlink()
