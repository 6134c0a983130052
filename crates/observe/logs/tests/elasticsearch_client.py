"""What a user of the official client does, against the address in argv[1]."""

import sys

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError, helpers

client = Elasticsearch(sys.argv[1])
assert client.info()["version"]["number"]
assert client.ping()

first = client.index(index="logs-py", document={"message": "hello from python", "namespace": "a"}, refresh=True)
assert first["result"] == "created", first
assert client.get(index="logs-py", id=first["_id"])["_source"]["message"] == "hello from python"
try:
    client.get(index="logs-py", id="nothing")
    raise AssertionError("found what is not there")
except NotFoundError:
    pass

done, errors = helpers.bulk(
    client,
    ({"_index": "logs-py", "message": f"line {n}", "app": "digits", "fields": {"n": n}} for n in range(500)),
    refresh=True,
)
assert (done, errors) == (500, []), (done, errors)

found = client.search(
    index="logs-*",
    query={"bool": {"filter": [{"term": {"app": "digits"}}, {"range": {"fields.n": {"gte": 490}}}]}},
    sort=[{"fields.n": "asc"}],
    size=3,
    aggs={"apps": {"terms": {"field": "app"}}},
)
assert found["hits"]["total"]["value"] == 10, found
assert [hit["_source"]["fields"]["n"] for hit in found["hits"]["hits"]] == [490, 491, 492], found
assert found["aggregations"]["apps"]["buckets"][0]["doc_count"] == 10, found
assert client.count(index="logs-py", query={"match": {"message": "line"}})["count"] == 500
assert client.count(index="other")["count"] == 0
assert sum(1 for _ in client.cat.indices(format="json")) == 1
assert client.cat.health(format="json")[0]["status"] == "green"
assert "logs-py" in client.indices.get_mapping(index="logs-py")
try:
    client.search(index="logs-py", query={"no_such_query": {}})
    raise AssertionError("accepted what it cannot do")
except BadRequestError as error:
    assert "no_such_query" in str(error), error
print("all held")
