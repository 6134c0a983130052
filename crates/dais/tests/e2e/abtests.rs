//! A/B tests: who gets which model, what is counted of it, and how a test ends.

mod world;

use serde_json::{Value, json};

use self::world::{
    ask, ask_all, ask_with_body, begin, create, deploy, feedback, offer, patch, platform, policies,
    read, rows, service, services, spec, until_phase, until_status,
};
use crate::support::Platform;
use crate::tenants::{member, person};

fn weights(a: f64, b: f64) -> Value {
    json!([{"name": "a", "service": "one", "weight": a}, {"name": "b", "service": "two", "weight": b}])
}

fn two_services() -> Platform {
    let platform = platform();
    deploy(&platform, "one", 1);
    deploy(&platform, "two", 2);
    platform
}

#[test]
fn people_keep_their_variant_while_weights_grow_and_each_request_counts() {
    let platform = two_services();
    let mut with_exclusion = spec(weights(3.0, 1.0));
    with_exclusion["exclude"] = json!(["user-0"]);
    begin(&platform, "t", &with_exclusion);
    platform.until("the test's address to answer", || {
        (ask(&platform, "t", "somebody").variant.is_some()).then_some(())
    });
    let first = ask_all(&platform, "t", 120);
    assert!(first.values().all(|asked| asked.code == 200));
    let of = |asked: &world::Asked| asked.variant.clone();
    assert_eq!((of(&first["user-0"]), first["user-0"].version.as_str()), (None, "1"));
    let in_b = |asked: &&world::Asked| asked.variant.as_deref() == Some("b");
    let count = first.values().filter(in_b).count();
    assert!((12..50).contains(&count), "{count} of 120 got a quarter");
    assert!(first.values().filter(in_b).all(|asked| asked.version == "2"));
    let again = ask_all(&platform, "t", 120);
    assert!(first.iter().all(|(user, asked)| of(asked) == of(&again[user])));

    let (code, answer) = patch(&platform, "abtests/t", &json!({"variants": weights(1.0, 1.0)}));
    assert_eq!(code, 200, "{answer}");
    until_status(&platform, "t", "the new share", |s| s["variants"][1]["share"] == 0.5);
    // The gateway follows the policy, whose write follows the status.
    platform.until("the new share at the gateway", || {
        let assigned = policies(&platform)[0]["spec"]["assignment"]["variants"].clone();
        (assigned[1]["weight"] == 0.5).then_some(())
    });
    let grown = ask_all(&platform, "t", 120);
    let stay = first.iter().filter(|(_, asked)| in_b(asked));
    assert!(stay.clone().all(|(user, _)| in_b(&&grown[user])), "nobody leaves b");
    let status = until_status(&platform, "t", "all requests", |status| {
        status["requests"].as_i64() >= Some(3 * 119 + 1)
    });
    assert_eq!(status["subjects"], 120, "{status:#}");
    let moved = grown.values().filter(in_b).count() - count;
    assert_eq!(status["crossed"], moved, "{status:#}");
    assert!(status["mismatch"]["alarm"] != true, "{status:#}");

    let shown = platform.ok(&["abtest", "show", "t"]);
    assert!(shown.contains("bought *") && shown.contains("latency"), "{shown}");
    assert!(platform.ok(&["abtest", "list"]).contains("Running"));
    platform.ok(&["abtest", "pause", "t"]);
    until_phase(&platform, "t", "Suspended");
    platform.until("the control alone", || {
        let asked = ask_all(&platform, "t", 10);
        asked.values().all(|one| one.variant.is_none() && one.version == "1").then_some(())
    });
    platform.ok(&["abtest", "resume", "t"]);
    until_phase(&platform, "t", "Running");

    // What would give everybody another variant is refused.
    for change in [
        json!({"salt": "other"}),
        json!({"key": {"header": "x-other"}}),
        json!({"variants": [{"name": "a", "service": "two"}, {"name": "b", "service": "two"}]}),
    ] {
        let (code, answer) = patch(&platform, "abtests/t", &change);
        assert!(code == 422 && answer["message"].as_str().unwrap().contains("another"), "{answer}");
    }
}

#[test]
fn what_came_of_requests_counts_once_and_only_for_its_own_project() {
    let platform = two_services();
    let mut by_body = spec(weights(1.0, 1.0));
    by_body["key"] = json!({"body": "/user"});
    by_body["metrics"][0]["covariate"] = json!({"feedback": "before"});
    by_body["windowSeconds"] = json!(3600);
    begin(&platform, "t", &by_body);
    platform.until("the test's address to answer", || {
        ask_with_body(&platform, "t", "somebody").variant.map(drop)
    });
    let wang = ask_with_body(&platform, "t", "王五");
    let li = ask_with_body(&platform, "t", "李四");
    let outcome = |request: &str| json!({"requestId": request, "metric": "bought", "value": true});
    let of_li = |time: Value| {
        json!({"requestId": li.request, "metric": "bought", "value": 1,
        "id": "late", "time": time})
    };
    let in_two_hours = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() + 7200;
    let lines = format!("{}\n{}\n", outcome(&wang.request), outcome("not-yet"));
    let bodies = json!([
        outcome(&wang.request),
        lines,
        [outcome(&wang.request), {"metric": "bought", "value": 1}, of_li(json!("2999-01-01T00:00:00Z"))],
        [{"test": "t", "key": "李四", "metric": "bought", "value": 0},
         {"test": "t", "key": "李四", "metric": "before", "value": 3, "time": "2020-01-01T00:00:00Z"},
         of_li(json!(in_two_hours))],
        {"test": "t", "key": "李四", "metric": "sold", "value": 1},
        {"test": "none", "key": "李四", "metric": "bought", "value": 1},
        "not json",
        [],
    ]);
    let answers = feedback(&platform, &bodies);
    let counts: Vec<Value> = answers
        .iter()
        .map(|(code, answer)| json!([code, answer["taken"], answer["duplicates"]]))
        .collect();
    assert_eq!(
        counts[..4],
        [json!([202, 1, 0]), json!([202, 1, 1]), json!([202, 0, 1]), json!([202, 3, 0])]
    );
    let refused = &answers[2].1["refused"];
    assert_eq!((&refused[0]["index"], &refused[0]["field"]), (&json!(1), &json!("requestId")));
    assert_eq!(refused[1]["field"], "time");
    let hints = [(4, "metric", "bought"), (5, "test", "dais abtest list")];
    for (at, field, hint) in hints {
        let (code, answer) = &answers[at];
        assert_eq!((*code, &answer["refused"][0]["field"]), (400, &json!(field)), "{answer}");
        assert!(answer["refused"][0]["hint"].as_str().unwrap().contains(hint), "{answer}");
    }
    assert!(
        answers[6..]
            .iter()
            .all(|(code, answer)| *code == 400 && answer["error"]["hint"].is_string())
    );

    // Somebody else's word of the same request is of a request that nobody knows.
    let ann = person(&platform, "ann", "theirs");
    let words = outcome(&wang.request);
    let (code, answer) = platform.post_as(&ann.token, "/feedback?project=default", &words);
    assert_eq!(code, 403, "{answer}");
    let (code, _) = platform.post_as(&ann.token, "/feedback?project=nowhere", &words);
    assert_eq!(code, 403);
    let (code, answer) = platform.post_as(&ann.token, "/feedback?project=theirs", &words);
    let foreign = &answer["refused"][0];
    assert_eq!((code, &foreign["field"]), (400, &json!("metric")), "{answer}");
    assert!(!answer.to_string().contains("bought\"]"), "{answer}");
    assert_eq!(platform.post_as("nobody", "/feedback?project=default", &words).0, 401);

    let status = until_status(&platform, "t", "the outcomes", |status| {
        status["outcomes"]["joined"] == 4 && status["subjects"] == 3
    });
    assert_eq!(status["outcomes"]["waiting"], 1, "{status:#}");
    assert_eq!(status["outcomes"]["late"], 1, "{status:#}");
    let figures = status["metrics"][0]["variants"].as_array().unwrap();
    let bought: f64 = figures
        .iter()
        .map(|one| one["count"].as_f64().unwrap() * one["value"].as_f64().unwrap_or(0.0))
        .sum();
    assert!((bought - 1.0).abs() < 1e-9, "one person bought: {status:#}");
}

#[test]
fn a_variant_that_loses_requests_is_an_alarm() {
    let platform = two_services();
    begin(&platform, "t", &spec(weights(1.0, 1.0)));
    platform.until("the test's address to answer", || {
        ask(&platform, "t", "somebody").variant.map(drop)
    });
    let (code, answer) = patch(&platform, "inferenceservices/two", &json!({"replicas": 0}));
    assert_eq!(code, 200, "{answer}");
    platform.until("its servers to go", || {
        let asked = ask_all(&platform, "t", 20);
        asked.values().all(|one| one.version == "1").then_some(())
    });
    ask_all(&platform, "t", 100);
    let status = until_status(&platform, "t", "the alarm", |s| s["mismatch"]["alarm"] == true);
    assert_eq!(status["decision"]["reason"], "SampleRatioMismatch", "{status:#}");
    let now = json!({"replicas": 1, "model": "models:/m/3"});
    let (code, answer) = patch(&platform, "inferenceservices/two", &now);
    assert_eq!(code, 200, "{answer}");
    until_status(&platform, "t", "the other model", |status| {
        let ready = &status["conditions"][0];
        ready["reason"] == "VariantChanged"
            && ready["message"]
                .as_str()
                .unwrap()
                .contains("began with models:/m/2 and serves models:/m/3")
    });
    let shown = platform.ok(&["abtest", "show", "t"]);
    assert!(shown.contains("ALARM") && shown.contains("figures mix both"), "{shown}");
    let refused = platform.dais(&["abtest", "promote", "t"]);
    assert!(!refused.status.success());
}

#[test]
fn a_test_takes_a_services_address_and_a_guardrail_gives_it_back() {
    let platform = platform();
    deploy(&platform, "s", 1);
    let mut guarded =
        spec(json!([{"name": "a", "service": "s"}, {"name": "b", "model": "models:/m/9"}]));
    guarded["route"] = json!("s");
    guarded["guardrails"] = json!([{"metric": "errors", "maxWorse": 0.1}]);
    begin(&platform, "t", &guarded);
    let made = services(&platform);
    assert!(made.iter().any(|name| name.starts_with("t-b-")), "{made:?}");
    platform.until("the test to have the service's address", || {
        ask(&platform, "s", "somebody").variant.map(drop)
    });
    let asked = ask_all(&platform, "s", 200);
    assert!(asked.values().any(|one| one.code == 500));
    let status = until_phase(&platform, "t", "Stopped");
    let why = status["conditions"][0]["message"].as_str().unwrap();
    assert_eq!(status["conditions"][0]["reason"], "GuardrailHarmed", "{status:#}");
    assert!(why.contains("errors") && why.contains("variant b"), "{why}");
    platform.until("the service's own address", || {
        let asked = ask_all(&platform, "s", 20);
        asked.values().all(|one| one.code == 200 && one.variant.is_none()).then_some(())
    });
    let asked = ask_all(&platform, "t", 20);
    assert!(asked.values().all(|one| one.code == 200 && one.version == "1"), "{asked:?}");
    platform.until("b's service to go", || (services(&platform) == ["s"]).then_some(()));
}

#[test]
fn a_winner_takes_over_in_one_action_that_a_crash_does_not_undo() {
    let mut platform = platform();
    deploy(&platform, "s", 1);
    let mut taking =
        spec(json!([{"name": "a", "service": "s"}, {"name": "b", "model": "models:/m/3"}]));
    taking["route"] = json!("s");
    begin(&platform, "t", &taking);
    platform.until("the test to have the service's address", || {
        ask(&platform, "s", "somebody").variant.map(drop)
    });
    let before = ask_all(&platform, "s", 60);
    let told: Vec<Value> = before
        .values()
        .map(|one| json!({"requestId": one.request, "metric": "bought", "value": 1}))
        .collect();
    let (_, answer) = feedback(&platform, &json!([told])).remove(0);
    assert_eq!(answer["taken"], 60, "{answer}");
    platform.kill();
    platform.up();
    // What was acknowledged is there, and told again it is known.
    let (_, answer) = feedback(&platform, &json!([told])).remove(0);
    assert_eq!((&answer["taken"], &answer["duplicates"]), (&json!(0), &json!(60)));
    let status = until_status(&platform, "t", "the outcomes", |s| s["outcomes"]["joined"] == 60);
    assert_eq!((&status["subjects"], &status["requests"]), (&json!(61), &json!(61)), "{status:#}");

    platform.ok(&["abtest", "promote", "t", "--variant", "b"]);
    platform.kill();
    platform.up();
    let status = until_status(&platform, "t", "the promotion", |s| s["promotion"]["done"] == true);
    assert_eq!(
        (&status["phase"], &status["promotion"]["service"]),
        (&json!("Promoted"), &json!("s"))
    );
    assert_eq!(service(&platform, "s")["spec"]["model"], "models:/m/3");
    platform.until("version 3 at the service's address", || {
        let asked = ask(&platform, "s", "somebody");
        (asked.version == "3" && asked.variant.is_none()).then_some(())
    });
    platform.until("the test's services to go", || (services(&platform) == ["s"]).then_some(()));
    assert_eq!(ask(&platform, "t", "somebody").version, "3");
    let (code, answer) = patch(&platform, "abtests/t", &json!({"promote": "a"}));
    assert_eq!(code, 422, "{answer}");

    assert!(rows(&platform, "outcomes_exposures") > 0);
    platform.ok(&["delete", "abtest", "t"]);
    platform.kill();
    platform.up();
    platform.until("everything of the test to go", || {
        let tables = ["exposures", "subjects", "values"];
        let none = tables.iter().all(|table| rows(&platform, &format!("outcomes_{table}")) == 0);
        (none && read(&platform, "t").is_null() && ask(&platform, "t", "x").code == 404)
            .then_some(())
    });
    assert!(policies(&platform).is_empty());
    assert_eq!(ask(&platform, "s", "somebody").version, "3");
}

#[test]
fn a_winner_waits_for_the_approval_of_a_protected_alias() {
    const APPROVALS: &str = "/mlflow/p/default/api/2.0/dais/model-approvals";
    let platform = platform();
    deploy(&platform, "s", 1);
    let alias = json!({"name": "m", "alias": "production", "version": "1"});
    let aliases = "/mlflow/p/default/api/2.0/mlflow/registered-models/alias";
    assert_eq!(platform.post(aliases, &alias).0, 200);
    let follow = json!({"model": "models:/m@production"});
    assert_eq!(patch(&platform, "inferenceservices/s", &follow).0, 200);
    let protect = json!({"metadata": {"annotations": {"dais.io/protected-aliases": "production"}}});
    let namespace = format!("{}/k8s/api/v1/namespaces/default", platform.url());
    let request = platform.http.patch(namespace).bearer_auth(platform.token());
    let request = request.header("content-type", "application/merge-patch+json");
    assert!(request.body(protect.to_string()).send().unwrap().status().is_success());
    let mut test =
        spec(json!([{"name": "a", "service": "s"}, {"name": "b", "model": "models:/m/3"}]));
    test["route"] = json!("s");
    begin(&platform, "t", &test);

    let said = platform.ok(&["abtest", "promote", "t", "--variant", "b"]);
    assert!(said.contains("dais promote models:/m/3 production"), "{said}");
    let status = read(&platform, "t")["status"].clone();
    assert_eq!(
        (&status["promotion"]["done"], &status["serving"]),
        (&json!(false), &json!("a")),
        "{status:#}"
    );
    assert_eq!(service(&platform, "s")["spec"]["model"], "models:/m@production");
    platform.until("the service to answer as before", || {
        let asked = ask(&platform, "s", "somebody");
        (asked.version == "1" && asked.variant.is_none()).then_some(())
    });

    let ann = member(&platform, "ann", "default", "edit");
    let asked = json!({"name": "m", "alias": "production", "version": "3", "reason": "it won"});
    let (code, made) = platform.post_as(&ann.token, APPROVALS, &asked);
    assert_eq!(code, 200, "{made}");
    let approve = format!("{APPROVALS}/{}/approve", made["model_approval"]["id"]);
    assert_eq!(platform.post(&approve, &json!({"reason": "so it did"})).0, 200);
    until_status(&platform, "t", "the promotion", |s| s["promotion"]["done"] == true);
    assert_eq!(service(&platform, "s")["spec"]["model"], "models:/m@production");
    platform.until("version 3 at the service's address", || {
        (ask(&platform, "s", "somebody").version == "3").then_some(())
    });
}

#[test]
fn what_cannot_be_is_refused_with_words_and_what_can_be_works() {
    let platform = two_services();
    let good = spec(weights(1.0, 1.0));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        let (code, answer) = offer(&platform, "bad", &bad);
        (code, answer["message"].as_str().unwrap_or_default().to_owned())
    };
    let refused = [
        with(&|spec| spec["variants"][1]["model"] = json!("models:/m/1")),
        with(&|spec| spec["variants"][1]["name"] = json!("a")),
        with(&|spec| spec["variants"][1]["name"] = json!("\"; DROP TABLE x")),
        with(&|spec| spec["variants"] = json!([{"name": "a", "service": "one"}])),
        with(&|spec| spec["primary"] = json!("sold")),
        with(&|spec| spec["guardrails"] = json!([{"metric": "sold"}])),
        with(&|spec| spec["key"] = json!({"header": "x-user", "cookie": "user"})),
        with(&|spec| spec["key"] = json!({})),
        with(&|spec| spec["metrics"][0]["source"] = json!({"feedback": "x", "builtin": "errors"})),
        with(&|spec| spec["variants"][0]["weight"] = json!(-1)),
        with(&|spec| spec["variants"][0]["service"] = json!("x/../../../other")),
        with(&|spec| spec["route"] = json!("a'b 名")),
        with(&|spec| spec["shadow"] = json!({"percent": 5})),
        with(&|spec| {
            spec["until"] = json!({"decided": true});
            spec["analysis"] = json!({"engine": "bayesian"});
        }),
        with(&|spec| {
            spec["until"] = json!({"decided": true});
            spec["bandit"] = json!({});
        }),
    ];
    for (at, (code, words)) in refused.iter().enumerate() {
        assert!(*code == 422 && words.contains("spec"), "{at}: {code} {words}");
    }
    for name in ["名字", "a b", "a\"b", &"x".repeat(254)] {
        let (code, answer) = offer(&platform, name, &good);
        assert!(code == 422 && answer["message"].is_string(), "{name}: {answer}");
    }

    // A service of the name has the address already; one that is not there is said.
    create(&platform, "one", &good);
    until_status(&platform, "one", "the taken address", |status| {
        status["conditions"][0]["reason"] == "AddressTaken"
    });
    let mut nowhere = good.clone();
    nowhere["variants"][1]["service"] = json!("no-such-service");
    create(&platform, "nowhere", &nowhere);
    until_status(&platform, "nowhere", "the missing service", |status| {
        let why = &status["conditions"][0];
        why["reason"] == "ServiceNotFound"
            && why["message"].as_str().unwrap().contains("spec.variants[1]")
    });

    let long = "x".repeat(253);
    let mut models = spec(
        json!([{"name": "a", "model": "models:/m/1"}, {"name": "shadow", "model": "models:/m/2"}]),
    );
    let code = service(&platform, "one")["spec"]["server"].clone();
    models["template"] = json!({"server": code});
    models["shadow"] = json!({"service": "two", "percent": 100, "ignore": ["/version"]});
    models["ramp"] = json!([{"percent": 0, "seconds": 2}]);
    begin(&platform, &long, &models);
    platform.until("the ramp to end and the longest name to answer", || {
        ask(&platform, &long, "somebody").variant.map(drop)
    });
    ask_all(&platform, &long, 20);
    let status =
        until_status(&platform, &long, "copies", |s| s["shadow"]["same"].as_i64() >= Some(20));
    assert_eq!(status["ramp"]["percent"], 100.0, "{status:#}");
    platform.ok(&["abtest", "promote", &long, "--variant", "shadow"]);
    until_phase(&platform, &long, "Promoted");
    platform.until("its own address to go on with the winner", || {
        let asked = ask(&platform, &long, "somebody");
        (asked.version == "2" && asked.variant.is_none()).then_some(())
    });
}
