use serde_json::{Value, json};

use super::*;

fn queue(name: &str, spec: Value) -> Arc<Queue> {
    let object = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "Queue", "metadata": {"name": name}, "spec": spec,
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

fn cpus(nominal: u32) -> Value {
    json!([{"name": "cpu", "nominalQuota": nominal.to_string()}])
}

/// A job of project `a` that wants `cpu`; jobs are made in the order of their names.
fn job(name: &str, queue: &str, cpu: u32, spec: Value) -> Arc<TrainingJob> {
    let second = name.bytes().fold(0_u32, |sum, byte| sum + u32::from(byte)) % 60;
    let mut whole = json!({
        "command": ["true"], "queue": queue,
        "resources": {"requests": {"cpu": cpu.to_string()}},
    });
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let object = json!({
        "apiVersion": "dais.io/v1alpha1", "kind": "TrainingJob",
        "metadata": {"name": name, "namespace": "a", "uid": name,
                     "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z")},
        "spec": whole,
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

fn with_word(job: &Arc<TrainingJob>, admitted: bool, pod: bool) -> Arc<TrainingJob> {
    let mut job = TrainingJob::clone(job);
    let admission = json!({
        "queue": job.spec.queue, "admitted": admitted, "reason": "Admitted", "message": "",
        "time": "2026-01-01T00:00:00Z",
    });
    let pod = pod.then_some("p");
    job.status =
        Some(serde_json::from_value(json!({"admission": admission, "podName": pod})).unwrap());
    Arc::new(job)
}

fn runs(job: &Arc<TrainingJob>) -> Arc<TrainingJob> {
    with_word(job, true, true)
}

fn let_in(plan: &Plan) -> Vec<&str> {
    words(plan).filter(|(_, word)| word.admitted).map(|(name, _)| name).collect()
}

fn put_back(plan: &Plan) -> Vec<(&str, &str)> {
    let back = words(plan).filter(|(_, word)| word.reason == reason::PREEMPTED);
    back.map(|(name, word)| (name, word.message.as_str())).collect()
}

fn words(plan: &Plan) -> impl Iterator<Item = (&str, &Word)> {
    plan.decisions.iter().filter_map(|d| Some((d.name.as_str(), d.word.as_ref()?)))
}

fn why<'a>(plan: &'a Plan, name: &str) -> (&'a str, &'a str) {
    let waiting = plan.lines.values().flatten().find(|waiting| waiting.job.name_any() == name);
    let waiting = waiting.unwrap_or_else(|| panic!("{name} does not wait"));
    (waiting.reason, &waiting.message)
}

#[test]
fn priority_then_age_decides_and_what_is_taken_counts() {
    let queues = [queue("q", json!({"resources": cpus(4)}))];
    let urgent = job("d", "q", 2, json!({"priority": 5}));
    let jobs = [job("a", "q", 1, json!({})), job("b", "q", 2, json!({})), urgent.clone()];
    let plan = super::plan(&queues, &jobs);
    assert_eq!(let_in(&plan), ["d", "a"]);
    assert_eq!(why(&plan, "b"), ("Queued", "place 1 in Queue \"q\": wants cpu 2, 1 of 4 are free"));
    let later = super::plan(&queues, &[runs(&urgent), jobs[0].clone(), jobs[1].clone()]);
    assert_eq!(let_in(&later), ["a"]);
    assert_eq!(later.book.uses("q"), [("cpu".to_owned(), 3000, 0)]);
}

#[test]
fn a_strict_queue_lets_nobody_overtake() {
    let jobs = [job("a", "q", 8, json!({})), job("b", "q", 1, json!({}))];
    let holder = runs(&job("0", "q", 4, json!({})));
    let jobs = [holder, jobs[0].clone(), jobs[1].clone()];
    let loose = [queue("q", json!({"resources": cpus(8)}))];
    assert_eq!(let_in(&super::plan(&loose, &jobs)), ["b"]);
    let strict = [queue("q", json!({"resources": cpus(8), "strategy": "StrictFIFO"}))];
    let plan = super::plan(&strict, &jobs);
    assert!(let_in(&plan).is_empty());
    assert_eq!(why(&plan, "b").1, "place 2 in Queue \"q\": waits behind a");
}

#[test]
fn what_can_never_be_is_said() {
    let queues = [
        queue("q", json!({"resources": cpus(4)})),
        queue("others", json!({"projects": ["b"]})),
        queue("held", json!({"stopPolicy": "Hold"})),
    ];
    let jobs = [
        job("a", "q", 3, json!({"replicas": 2})),
        job("b", "none", 1, json!({})),
        job("c", "others", 1, json!({})),
        job("d", "held", 1, json!({})),
    ];
    let plan = super::plan(&queues, &jobs);
    assert!(let_in(&plan).is_empty());
    let expected = [
        ("a", "QuotaTooSmall", "asks for cpu 6 over all replicas, Queue \"q\" has 4 at most"),
        ("b", "QueueNotFound", "there is no Queue \"none\""),
        ("c", "QueueNotFound", "is not for project \"a\""),
        ("d", "Held", "lets nobody in now"),
    ];
    for (name, reason, words) in expected {
        let (found, message) = why(&plan, name);
        assert_eq!(found, reason);
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_cohort_lends_what_is_not_used_and_no_more() {
    let lent = |limit: Option<&str>| json!([{"name": "cpu", "nominalQuota": "4", "borrowingLimit": limit}]);
    let with = |limit| {
        [
            queue("one", json!({"cohort": "c", "resources": lent(limit)})),
            queue("two", json!({"cohort": "c", "resources": lent(None)})),
        ]
    };
    let jobs = [job("a", "one", 6, json!({})), job("b", "two", 3, json!({}))];
    let both = super::plan(&with(None), &jobs);
    // Nobody has taken anything: names decide who is first, then the cohort is full.
    assert_eq!(let_in(&both), ["a"]);
    assert!(why(&both, "b").1.ends_with("wants cpu 3, 2 of 8 are free"), "{}", why(&both, "b").1);
    assert_eq!(both.book.uses("one"), [("cpu".to_owned(), 6000, 2000)]);
    let limited = super::plan(&with(Some("1")), &jobs);
    assert_eq!(let_in(&limited), ["b"]);
    assert_eq!(why(&limited, "a").0, "QuotaTooSmall");
}

#[test]
fn the_queue_that_took_least_comes_first() {
    let spec = json!({"cohort": "c", "resources": cpus(4)});
    let queues = [queue("one", spec.clone()), queue("two", spec)];
    let jobs = [
        job("a", "one", 2, json!({})),
        job("b", "one", 2, json!({})),
        job("c", "one", 2, json!({})),
        job("d", "two", 2, json!({})),
        job("e", "two", 2, json!({})),
    ];
    assert_eq!(let_in(&super::plan(&queues, &jobs)), ["a", "d", "b", "e"]);
}

#[test]
fn room_is_made_by_the_fewest_of_lower_priority() {
    let spec = json!({"resources": cpus(8), "preemption": "LowerPriority"});
    let queues = [queue("q", spec)];
    let holders = [
        job("a", "q", 2, json!({"priority": -1})),
        job("b", "q", 4, json!({})),
        job("c", "q", 2, json!({"priority": 9})),
    ];
    let urgent = job("d", "q", 4, json!({"priority": 5}));
    let small = job("e", "q", 1, json!({"priority": 1}));
    let mut jobs: Vec<_> = holders.iter().map(runs).collect();
    jobs.extend([urgent.clone(), small.clone()]);
    let plan = super::plan(&queues, &jobs);
    assert_eq!(put_back(&plan), [("b", "made room for d")]);
    assert!(let_in(&plan).is_empty(), "nobody takes the room before it is there");

    // While b leaves, nobody else is put back and nobody overtakes.
    let leaving = with_word(&holders[1], false, true);
    let jobs = [jobs[0].clone(), leaving, jobs[2].clone(), urgent.clone(), small.clone()];
    let plan = super::plan(&queues, &jobs);
    assert!(put_back(&plan).is_empty() && let_in(&plan).is_empty());

    let gone = with_word(&holders[1], false, false);
    let jobs = [jobs[0].clone(), gone, jobs[2].clone(), urgent, small];
    assert_eq!(let_in(&super::plan(&queues, &jobs)), ["d"]);
}

#[test]
fn nobody_is_put_back_in_vain() {
    let spec = json!({"resources": cpus(4), "preemption": "LowerPriority"});
    let low = runs(&job("a", "q", 2, json!({})));
    let equal = runs(&job("b", "q", 2, json!({"priority": 5})));
    let plan =
        super::plan(&[queue("q", spec)], &[low, equal, job("c", "q", 4, json!({"priority": 5}))]);
    assert!(put_back(&plan).is_empty());
}

#[test]
fn what_was_lent_comes_back() {
    let spec = |preemption| json!({"cohort": "c", "resources": cpus(4), "preemption": preemption});
    let borrower = [
        runs(&job("a", "one", 4, json!({"priority": 9}))),
        runs(&job("b", "one", 4, json!({"priority": 9}))),
    ];
    let own = job("c", "two", 4, json!({}));
    let jobs = [borrower[0].clone(), borrower[1].clone(), own];
    let queues = [queue("one", spec("Never")), queue("two", spec("LowerPriority"))];
    let plan = super::plan(&queues, &jobs);
    assert_eq!(put_back(&plan).len(), 1);
    let queues = [queue("one", spec("Never")), queue("two", spec("Never"))];
    assert!(put_back(&super::plan(&queues, &jobs)).is_empty());
}

#[test]
fn a_queue_is_emptied_and_a_suspended_job_asks_again() {
    let holder = runs(&job("a", "q", 1, json!({})));
    let queues = [queue("q", json!({"stopPolicy": "HoldAndDrain"}))];
    let plan = super::plan(&queues, &[holder]);
    let told: Vec<_> =
        words(&plan).map(|(name, word)| (name, word.admitted, word.reason)).collect();
    assert_eq!(told, [("a", false, "Held")]);

    let rests = with_word(&job("a", "q", 1, json!({"suspend": true})), true, false);
    let plan = super::plan(&[queue("q", json!({}))], &[rests]);
    assert!(plan.decisions.iter().all(|decision| decision.word.is_none()));
    assert_eq!(plan.decisions.len(), 1);
}

#[test]
fn words_that_are_known_are_not_written_again() {
    let queues = [queue("q", json!({"resources": cpus(1)}))];
    let holder = runs(&job("0", "q", 1, json!({})));
    let waiting = job("a", "q", 1, json!({}));
    let first = super::plan(&queues, &[holder.clone(), waiting.clone()]);
    let (_, word) = words(&first).next().unwrap();
    let mut told = TrainingJob::clone(&waiting);
    told.status = Some(
        serde_json::from_value(json!({"admission": {
            "queue": "q", "admitted": false, "reason": word.reason, "message": word.message,
            "time": "2026-01-01T00:00:00Z",
        }}))
        .unwrap(),
    );
    let again = super::plan(&queues, &[holder, Arc::new(told)]);
    assert!(again.decisions.is_empty(), "{:?}", again.decisions);
}
