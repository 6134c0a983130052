"""What a user of the official client does, against the address in argv[1]. Where there is
an argv[2], names are those of another engine: this before them, a day behind them."""

import sys

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError, helpers

client = Elasticsearch(sys.argv[1])
prefix = sys.argv[2] if len(sys.argv) > 2 else ""


def is_ours(name):
    return name.startswith(f"{prefix}logs-py-20") if prefix else name == "logs-py"


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

LINES = 1500
done, errors = helpers.bulk(
    client,
    (
        {
            "_index": "logs-py",
            "@timestamp": f"2026-11-24T{n % 24:02}:00:00Z",
            "message": f"line {n}",
            "app": "digits" if n % 3 else "web",
            "fields": {"n": n},
        }
        for n in range(LINES)
    ),
    refresh=True,
)
assert (done, errors) == (LINES, []), (done, errors)

found = client.search(
    index="logs-*",
    query={"bool": {"filter": [{"term": {"app": "digits"}}, {"range": {"fields.n": {"gte": 1486}}}]}},
    sort=[{"fields.n": "asc"}],
    size=3,
    aggs={"apps": {"terms": {"field": "app"}}},
    highlight={"fields": {"app": {}}},
    source_includes=["fields.n"],
)
assert found["hits"]["total"]["value"] == 10, found
assert [hit["_source"] for hit in found["hits"]["hits"]] == [{"fields": {"n": n}} for n in (1486, 1487, 1489)], found
assert found["aggregations"]["apps"]["buckets"][0]["doc_count"] == 10, found
assert found["hits"]["hits"][0]["highlight"]["app"] == ["<em>digits</em>"], found
assert client.count(index="logs-py", query={"match": {"message": "line"}})["count"] == LINES
assert client.count(index="other*")["count"] == client.count(index="other", ignore_unavailable=True)["count"] == 0
try:
    client.search(index="other")
    raise AssertionError("searched an index that is not there")
except NotFoundError as error:
    assert error.body["error"]["type"] == "index_not_found_exception", error

# Every line once, by a scroll.
scanned = sorted(hit["_source"]["fields"]["n"] for hit in helpers.scan(client, index="logs-py", query={"query": {"match": {"message": "line"}}}, size=400))
assert scanned == list(range(LINES)), len(scanned)

# Every line once, by a point in time.
pit = client.open_point_in_time(index="logs-py", keep_alive="1m")["id"]
seen, after = [], None
while True:
    page = client.search(
        query={"exists": {"field": "fields.n"}},
        pit={"id": pit, "keep_alive": "1m"},
        sort=[{"@timestamp": {"order": "desc", "format": "strict_date_optional_time_nanos"}}],
        size=700,
        search_after=after,
        track_total_hits=False,
    )
    hits = page["hits"]["hits"]
    if not hits:
        break
    seen += [hit["_source"]["fields"]["n"] for hit in hits]
    after, pit = hits[-1]["sort"], page["pit_id"]
assert sorted(seen) == list(range(LINES)), len(seen)
assert client.close_point_in_time(id=pit)["num_freed"] == 1

answers = client.msearch(
    searches=[
        {"index": "logs-py"},
        {"size": 0, "query": {"query_string": {"query": "app:web AND line"}}},
        {"index": "logs-py"},
        {"size": 0, "query": {"simple_query_string": {"query": "hello", "fields": ["message"]}}},
    ]
)["responses"]
assert [answer["hits"]["total"]["value"] for answer in answers] == [LINES // 3, 1], answers

sums = client.search(
    index="logs-py",
    size=0,
    query={"range": {"@timestamp": {"gte": "2026-11-24", "lt": "2026-11-25"}}},
    aggs={
        "hours": {
            "date_histogram": {"field": "@timestamp", "calendar_interval": "day", "time_zone": "Asia/Shanghai"},
            "aggs": {"apps": {"terms": {"field": "app"}}, "largest": {"max": {"field": "fields.n"}}},
        },
        "apps": {"cardinality": {"field": "app"}},
        "web": {"filter": {"term": {"app": "web"}}},
    },
)["aggregations"]
days = sums["hours"]["buckets"]
assert [day["key_as_string"][:10] for day in days] == ["2026-11-24", "2026-11-25"], days
assert sum(day["doc_count"] for day in days) == LINES and days[0]["largest"]["value"] > 1400, days
assert sums["apps"]["value"] == 2 and sums["web"]["doc_count"] == LINES // 3, sums

names = [index["index"] for index in client.cat.indices(format="json")]
assert names and all(map(is_ours, names)), names
assert client.cat.health(format="json")[0]["status"] == "green"
assert client.cat.count(index="logs-py", format="json")[0]["count"] == str(LINES + 1)
assert client.cluster.health()["status"] == "green"
assert all(map(is_ours, client.indices.get_mapping(index="logs-py")))
assert client.indices.exists(index="logs-py") and not client.indices.exists(index="other")
assert is_ours(client.indices.resolve_index(name="logs*")["indices"][0]["name"])
assert "long" in client.field_caps(index="logs-py", fields="fields.*")["fields"]["fields.n"]
assert client.indices.validate_query(query={"match_all": {}})["valid"]
try:
    client.search(index="logs-py", query={"no_such_query": {}})
    raise AssertionError("accepted what it cannot do")
except BadRequestError as error:
    assert "no_such_query" in str(error), error
print("all held")
