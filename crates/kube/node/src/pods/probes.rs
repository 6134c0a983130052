//! Startup, readiness and liveness: one task a probe, which tells the worker
//! when the answer changes.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Probe};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::hooks::{self, Failure, Target};
use crate::host::Host;

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Startup,
    Readiness,
    Liveness,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Startup => "startup",
            Kind::Readiness => "readiness",
            Kind::Liveness => "liveness",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::Startup => "Startup",
            Kind::Readiness => "Readiness",
            Kind::Liveness => "Liveness",
        }
    }
}

/// A not yet ready container is asked this often, however long its period:
/// who waits for a service to come up should not wait for a timer.
const EAGER: Duration = Duration::from_millis(250);

/// Counts answers in a row; the pure part of a probe.
#[derive(Debug)]
struct Counter {
    good: u32,
    bad: u32,
    success_threshold: u32,
    failure_threshold: u32,
    /// What was told last.
    said: Option<bool>,
}

impl Counter {
    fn of(probe: &Probe) -> Counter {
        let at_least_one =
            |value: Option<i32>, default: u32| value.map_or(default, |value| value.max(1) as u32);
        Counter {
            good: 0,
            bad: 0,
            success_threshold: at_least_one(probe.success_threshold, 1),
            failure_threshold: at_least_one(probe.failure_threshold, 3),
            said: None,
        }
    }

    /// Takes an answer; returns what is to be told, if it is news.
    fn count(&mut self, ok: bool) -> Option<bool> {
        (self.good, self.bad) = if ok { (self.good + 1, 0) } else { (0, self.bad + 1) };
        let reached = if ok {
            self.good >= self.success_threshold
        } else {
            self.bad >= self.failure_threshold
        };
        if !reached || self.said == Some(ok) {
            return None;
        }
        self.said = Some(ok);
        Some(ok)
    }
}

/// Starts all probes of a container. The others wait for the startup probe.
/// `tell` returns false when nobody listens any more.
pub(crate) fn start(
    host: Arc<Host>,
    container: &Container,
    target: Target,
    started: bool,
    tell: impl Fn(Kind, bool, String) -> bool + Clone + Send + Sync + 'static,
) -> Vec<JoinHandle<()>> {
    let (up, is_up) = watch::channel(started || container.startup_probe.is_none());
    let up = Arc::new(up);
    let probes = [
        (Kind::Startup, container.startup_probe.clone().filter(|_| !started)),
        (Kind::Readiness, container.readiness_probe.clone()),
        (Kind::Liveness, container.liveness_probe.clone()),
    ];
    probes
        .into_iter()
        .filter_map(|(kind, probe)| Some((kind, probe?)))
        .map(|(kind, probe)| {
            let (host, target, tell, up, mut is_up) =
                (host.clone(), target.clone(), tell.clone(), up.clone(), is_up.clone());
            tokio::spawn(async move {
                if kind != Kind::Startup && is_up.wait_for(|up| *up).await.is_err() {
                    return;
                }
                watch_probe(&host, &target, kind, &probe, tell, &up).await;
            })
        })
        .collect()
}

async fn watch_probe(
    host: &Host,
    target: &Target,
    kind: Kind,
    probe: &Probe,
    tell: impl Fn(Kind, bool, String) -> bool,
    up: &watch::Sender<bool>,
) {
    let seconds =
        |value: Option<i32>, default: u64| value.map_or(default, |value| value.max(0) as u64);
    let asker = Asker {
        host,
        target,
        probe,
        period: Duration::from_secs(seconds(probe.period_seconds, 10).max(1)),
        timeout: Duration::from_secs(seconds(probe.timeout_seconds, 1).max(1)),
    };
    tokio::time::sleep(Duration::from_secs(seconds(probe.initial_delay_seconds, 0))).await;
    match kind {
        Kind::Startup => {
            let allowed =
                asker.period * probe.failure_threshold.map_or(3, |count| count.max(1) as u32);
            match tokio::time::timeout(allowed, asker.until_good(|_| {})).await {
                Ok(()) => {
                    tell(kind, true, String::new());
                    up.send_replace(true);
                }
                Err(_) => {
                    let words = asker.ask().await.err().map(|failure| failure.words);
                    tell(kind, false, words.unwrap_or_default());
                }
            }
        }
        Kind::Readiness => loop {
            asker
                .until_good(|words| {
                    tell(kind, false, words);
                })
                .await;
            if !tell(kind, true, String::new()) {
                return;
            }
            let words = asker.until_bad().await;
            tell(kind, false, words);
        },
        Kind::Liveness => {
            let words = asker.until_bad().await;
            tell(kind, false, words);
        }
    }
}

struct Asker<'a> {
    host: &'a Host,
    target: &'a Target,
    probe: &'a Probe,
    period: Duration,
    timeout: Duration,
}

impl Asker<'_> {
    async fn ask(&self) -> Result<(), Failure> {
        let answer =
            tokio::time::timeout(self.timeout, ask(self.host, self.target, self.probe)).await;
        answer.unwrap_or_else(|_| Err(format!("no answer in {} s", self.timeout.as_secs()).into()))
    }

    /// Asks eagerly until enough answers in a row are good. That others hold the port is
    /// told once: unlike a server that still starts, it needs somebody.
    async fn until_good(&self, held: impl Fn(String)) {
        let (mut counter, mut is_told) = (Counter::of(self.probe), false);
        loop {
            let answer = self.ask().await;
            if counter.count(answer.is_ok()) == Some(true) {
                return;
            }
            if let Err(failure) = answer
                && failure.is_held
                && !std::mem::replace(&mut is_told, true)
            {
                held(failure.words);
            }
            tokio::time::sleep(EAGER.min(self.period)).await;
        }
    }

    /// Asks once a period until enough answers in a row are bad; in words why.
    async fn until_bad(&self) -> String {
        let mut counter = Counter::of(self.probe);
        loop {
            tokio::time::sleep(self.period).await;
            let answer = self.ask().await;
            if counter.count(answer.is_ok()) == Some(false) {
                return answer.err().map(|failure| failure.words).unwrap_or_default();
            }
        }
    }
}

async fn ask(host: &Host, target: &Target, probe: &Probe) -> Result<(), Failure> {
    if let Some(exec) = &probe.exec {
        return hooks::command(host, &target.dir, exec.command.clone().unwrap_or_default()).await;
    }
    if let Some(action) = &probe.http_get {
        return hooks::http_get(host, action, target).await;
    }
    if let Some(action) = &probe.tcp_socket {
        return hooks::tcp(host, action, target).await;
    }
    Err("this node knows exec, httpGet and tcpSocket probes".to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_told_once_and_only_after_the_threshold() {
        let probe =
            Probe { failure_threshold: Some(2), success_threshold: Some(1), ..Probe::default() };
        let mut counter = Counter::of(&probe);
        let said: Vec<_> = [true, true, false, true, false, false, false, true]
            .map(|ok| counter.count(ok))
            .to_vec();
        assert_eq!(said, [Some(true), None, None, None, None, Some(false), None, Some(true)]);
    }
}
