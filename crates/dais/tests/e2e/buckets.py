"""Speaks with the object store through boto3 and plain HTTP, neither of them changed.

Reads S3_URL and, of three people, EDITOR, READER and STRANGER: "id secret" each."""

import hashlib
import io
import os
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1 << 20


def client(who, **options):
    key, secret = os.environ[who].split()
    # What is refused is not to be asked again.
    config = Config(retries={"max_attempts": 1}, **options)
    return boto3.client("s3", endpoint_url=os.environ["S3_URL"], aws_access_key_id=key,
                        aws_secret_access_key=secret, region_name="us-east-1", config=config)


def refused(code, call, **words):
    try:
        call(**words)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{code} expected: {error}"
        return error
    raise AssertionError(f"{code} expected, and it was done: {words}")


def http(method, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def buckets(s3):
    s3.create_bucket(Bucket="things")
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="things")
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="datasets")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert names == ["datasets", "things"], names
    s3.head_bucket(Bucket="things")
    refused("404", s3.head_bucket, Bucket="nothing")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="nothing")


def objects(s3):
    body = "数据\n".encode() * 1000
    put = s3.put_object(Bucket="things", Key="文件夹/a b+c.csv", Body=body, ContentType="text/csv",
                        Metadata={"made-by": "test"})
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"', put
    assert put["ChecksumCRC32"], put
    got = s3.get_object(Bucket="things", Key="文件夹/a b+c.csv", ChecksumMode="ENABLED")
    assert got["Body"].read() == body and got["ContentType"] == "text/csv", got
    assert got["Metadata"] == {"made-by": "test"}, got
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"], got
    head = s3.head_object(Bucket="things", Key="文件夹/a b+c.csv")
    assert head["ContentLength"] == len(body) and head["ETag"] == put["ETag"], head
    for wanted, expected in [("bytes=0-4", body[:5]), ("bytes=6990-", body[6990:]), ("bytes=-7", body[-7:])]:
        part = s3.get_object(Bucket="things", Key="文件夹/a b+c.csv", Range=wanted)
        assert part["ResponseMetadata"]["HTTPStatusCode"] == 206, part
        assert part["Body"].read() == expected, wanted
    beyond = f"bytes={len(body)}-"
    refused("InvalidRange", s3.get_object, Bucket="things", Key="文件夹/a b+c.csv", Range=beyond)
    refused("304", s3.get_object, Bucket="things", Key="文件夹/a b+c.csv", IfNoneMatch=put["ETag"])
    refused("PreconditionFailed", s3.get_object, Bucket="things", Key="文件夹/a b+c.csv", IfMatch='"x"')
    refused("NoSuchKey", s3.get_object, Bucket="things", Key="nothing")
    refused("404", s3.head_object, Bucket="things", Key="nothing")
    s3.put_object(Bucket="things", Key="once", Body=b"1", IfNoneMatch="*")
    refused("PreconditionFailed", s3.put_object, Bucket="things", Key="once", Body=b"2", IfNoneMatch="*")
    s3.put_object(Bucket="things", Key="empty", Body=b"")
    assert s3.get_object(Bucket="things", Key="empty")["Body"].read() == b""
    s3.copy_object(Bucket="things", Key="copy", CopySource={"Bucket": "things", "Key": "文件夹/a b+c.csv"})
    assert s3.get_object(Bucket="things", Key="copy")["Body"].read() == body
    s3.delete_object(Bucket="things", Key="copy")
    s3.delete_object(Bucket="things", Key="copy")


def hostile(s3):
    for key in ["../../../etc/passwd", "a//b", "k" * 1024]:
        s3.put_object(Bucket="things", Key=key, Body=key.encode())
        assert s3.get_object(Bucket="things", Key=key)["Body"].read() == key.encode(), key
    refused("KeyTooLongError", s3.put_object, Bucket="things", Key="k" * 1025, Body=b"x")
    refused("InvalidArgument", s3.put_object, Bucket="things", Key="a\x01b", Body=b"x")
    refused("InvalidURI", s3.get_object, Bucket="things", Key="a\0b")
    refused("InvalidURI", s3.list_objects_v2, Bucket="things", Prefix="\0")
    keys = ["../../../etc/passwd", "a//b", "k" * 1024, "once", "empty", "文件夹/a b+c.csv", "none"]
    done = s3.delete_objects(Bucket="things", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(done["Deleted"]) == len(keys) and "Errors" not in done, done
    assert "Contents" not in s3.list_objects_v2(Bucket="things")


def checksums(s3):
    refused("BadDigest", s3.put_object, Bucket="things", Key="bad", Body=b"hello", ChecksumCRC32="AAAAAA==")
    refused("BadDigest", s3.put_object, Bucket="things", Key="bad", Body=b"hello",
            ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    trailer(s3, b"hello", "NhCmhg==", 200)
    trailer(s3, b"hello", "AAAAAA==", 400)
    refused("NoSuchKey", s3.get_object, Bucket="things", Key="bad")
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        s3.put_object(Bucket="things", Key="sums", Body=b"hello", ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket="things", Key="sums", ChecksumMode="ENABLED")
        assert got["Body"].read() == b"hello" and got[f"Checksum{algorithm}"], got


def trailer(s3, body, crc, code):
    """As boto3 sends bodies over TLS: in chunks, the checksum behind them."""
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "things", "Key": "bad" if code != 200 else "sums"})
    chunk = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(body), body, crc.encode())
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "content-encoding": "aws-chunked",
               "x-amz-trailer": "x-amz-checksum-crc32", "x-amz-decoded-content-length": str(len(body))}
    signed(url, headers, chunk, code)


def signed(url, headers, body, code):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    key, secret = os.environ["EDITOR"].split()
    request = AWSRequest(method="PUT", url=url.split("?")[0], headers=headers)

    class Streaming(SigV4Auth):
        def payload(self, request):
            return request.headers["x-amz-content-sha256"]

    Streaming(Credentials(key, secret), "s3", "us-east-1").add_auth(request)
    found, answer = http("PUT", request.url, body, dict(request.headers.items()))
    assert found == code, (found, answer)
    assert code == 200 or b"BadDigest" in answer, answer


def parts(s3):
    body = os.urandom(11 * MIB)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), "things", "raw/big.bin", Config=config)
    head = s3.head_object(Bucket="things", Key="raw/big.bin")
    assert head["ETag"].endswith('-3"') and head["ContentLength"] == len(body), head
    back = io.BytesIO()
    s3.download_fileobj("things", "raw/big.bin", back, Config=config)
    assert back.getvalue() == body
    upload = s3.create_multipart_upload(Bucket="things", Key="raw/by-hand")["UploadId"]
    of = {"Bucket": "things", "Key": "raw/by-hand", "UploadId": upload}
    one = s3.upload_part_copy(PartNumber=1, CopySource="things/raw/big.bin",
                              CopySourceRange=f"bytes=0-{5 * MIB - 1}", **of)["CopyPartResult"]["ETag"]
    two = s3.upload_part(PartNumber=2, Body=b"tail", **of)["ETag"]
    listed = s3.list_parts(**of)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, 5 * MIB), (2, 4)], listed
    assert s3.list_multipart_uploads(Bucket="things")["Uploads"][0]["UploadId"] == upload
    wrong = {"Parts": [{"PartNumber": 1, "ETag": two}]}
    refused("InvalidPart", s3.complete_multipart_upload, MultipartUpload=wrong, **of)
    right = {"Parts": [{"PartNumber": 1, "ETag": one}, {"PartNumber": 2, "ETag": two}]}
    s3.complete_multipart_upload(MultipartUpload=right, **of)
    assert s3.get_object(Bucket="things", Key="raw/by-hand")["Body"].read() == body[:5 * MIB] + b"tail"
    upload = s3.create_multipart_upload(Bucket="things", Key="raw/none")["UploadId"]
    of = {"Bucket": "things", "Key": "raw/none", "UploadId": upload}
    s3.upload_part(PartNumber=1, Body=b"x", **of)
    s3.abort_multipart_upload(**of)
    for _ in range(50):
        # The body stays with the client: the connection must not wait for it.
        error = refused("NoSuchUpload", s3.upload_part, PartNumber=2, Body=b"x", **of)
        assert error.response["ResponseMetadata"]["HTTPHeaders"]["connection"] == "close", error.response
        s3.put_object(Bucket="things", Key="next", Body=b"x")


def listing(s3):
    for key in ["l/a", "l/b/1", "l/b/2", "l/数/1", "l/数/2", "l/z"]:
        s3.put_object(Bucket="things", Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="things", Prefix="l/", Delimiter="/", PaginationConfig={"PageSize": 1})
    shown = []
    for page in pages:
        shown += [entry["Key"] for entry in page.get("Contents", [])]
        shown += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    assert shown == ["l/a", "l/b/", "l/z", "l/数/"], shown
    first = s3.list_objects(Bucket="things", Prefix="l/", MaxKeys=2)
    assert [entry["Key"] for entry in first["Contents"]] == ["l/a", "l/b/1"] and first["IsTruncated"], first
    rest = s3.list_objects(Bucket="things", Prefix="l/", Marker=first["Contents"][-1]["Key"])
    assert len(rest["Contents"]) == 4 and not rest["IsTruncated"], rest
    refused("InvalidArgument", s3.list_objects_v2, Bucket="things", ContinuationToken="%%%")


def presigned(_):
    # As boto3 presigns by itself, which is version 2, and as it is told to.
    for s3 in [client("EDITOR"), client("EDITOR", signature_version="s3v4")]:
        params = {"Bucket": "things", "Key": "raw/presigned.txt"}
        put = s3.generate_presigned_url("put_object", Params=params, ExpiresIn=60)
        assert http("PUT", put, b"by address", {"content-type": ""})[0] == 200
        get = s3.generate_presigned_url("get_object", Params=params, ExpiresIn=60)
        assert http("GET", get) == (200, b"by address")
        assert http("GET", get, headers={"Range": "bytes=3-"}) == (206, b"address")
        assert http("GET", get.replace("presigned.txt", "big.bin"))[0] == 403
        assert http("PUT", get, b"other", {"content-type": ""})[0] == 403
        assert http("GET", get.split("?")[0])[0] == 403
        late = s3.generate_presigned_url("get_object", Params=params, ExpiresIn=-60)
        assert http("GET", late)[0] in [400, 403]


def strangers(s3):
    reader, stranger = client("READER"), client("STRANGER")
    assert reader.get_object(Bucket="things", Key="raw/presigned.txt")["Body"].read() == b"by address"
    refused("AccessDenied", reader.put_object, Bucket="things", Key="x", Body=b"x")
    refused("AccessDenied", reader.delete_object, Bucket="things", Key="raw/presigned.txt")
    refused("AccessDenied", reader.create_bucket, Bucket="mine")
    refused("AccessDenied", reader.create_multipart_upload, Bucket="things", Key="x")
    # The same name in another project is another bucket.
    refused("NoSuchBucket", stranger.get_object, Bucket="things", Key="raw/presigned.txt")
    stranger.create_bucket(Bucket="things")
    refused("NoSuchKey", stranger.get_object, Bucket="things", Key="raw/presigned.txt")
    refused("NoSuchKey", stranger.copy_object, Bucket="things", Key="x", CopySource="things/raw/presigned.txt")
    refused("NoSuchKey", stranger.get_object, Bucket="datasets", Key="digits/v1/train.csv")
    old = client("EDITOR", signature_version="s3")
    refused("AccessDenied", old.list_buckets)
    form = b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nx\r\n--x--\r\n'
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert http("POST", os.environ["S3_URL"] + "/things", form, kind)[0] == 501
    key, secret = os.environ["EDITOR"].split()
    os.environ["FORGER"] = f"{key} {secret[::-1]}"
    refused("SignatureDoesNotMatch", client("FORGER").list_buckets)
    os.environ["NOBODY"] = f"DAISAAAAAAAAAAAAAAAA {secret}"
    refused("InvalidAccessKeyId", client("NOBODY").list_buckets)


def datasets(s3):
    listed = s3.list_objects_v2(Bucket="datasets")["Contents"]
    keys = [entry["Key"] for entry in listed]
    assert keys == ["digits/v1/sub/测试.csv", "digits/v1/train.csv"], keys
    folders = s3.list_objects_v2(Bucket="datasets", Delimiter="/")["CommonPrefixes"]
    assert [folder["Prefix"] for folder in folders] == ["digits/"], folders
    assert s3.get_object(Bucket="datasets", Key="digits/v1/train.csv")["Body"].read() == b"a,b\n1,2\n"
    part = s3.get_object(Bucket="datasets", Key="digits/v1/train.csv", Range="bytes=4-6")
    assert part["Body"].read() == b"1,2"
    refused("NoSuchKey", s3.get_object, Bucket="datasets", Key="digits/v2/train.csv")
    refused("NoSuchKey", s3.get_object, Bucket="datasets", Key="digits/v1/../v1/train.csv")
    refused("AccessDenied", s3.put_object, Bucket="datasets", Key="digits/v1/new.csv", Body=b"x")
    refused("AccessDenied", s3.delete_object, Bucket="datasets", Key="digits/v1/train.csv")
    refused("AccessDenied", s3.delete_bucket, Bucket="datasets")
    s3.copy_object(Bucket="things", Key="raw/train.csv", CopySource="datasets/digits/v1/train.csv")
    head = s3.head_object(Bucket="things", Key="raw/train.csv")
    assert head["ETag"] == f'"{hashlib.md5(b"a,b" + chr(10).encode() + b"1,2" + chr(10).encode()).hexdigest()}"', head


def main():
    s3 = client("EDITOR")
    for step in [buckets, objects, hostile, checksums, parts, listing, presigned, strangers, datasets]:
        step(s3)
        print("passed", step.__name__, flush=True)
    print("all steps passed")


main()
