//! The thread that sends lines. Positions are written down after the engine has said
//! that it holds the lines; until then a log file is not read further than a queue is
//! long, and who sends lines by itself is told to keep them.
//!
//! Guarantees: no line is lost by an engine that is away, nor by the death of this
//! program. One that is sent twice replaces itself, since its id is its place in its file.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::http::Method;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::bulk::{self, Document, Fate};
use super::client::Client;
use super::template::template;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::intake::{Batch, Committed, Intake, Message, QUEUE};
use crate::position::{Positions, apply};

/// Lines that are taken before they are sent.
const MAX_LINES: usize = 5000;
/// Between attempts: at first, and at most.
const RETRY: Duration = Duration::from_millis(500);
const MAX_RETRY: Duration = Duration::from_secs(10);

pub fn start(client: Client, prefix: &str, directory: &Path) -> Result<(Intake, JoinHandle<()>)> {
    let fault = |source| Error::Directory { path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(fault)?;
    let path = directory.join("sent.json");
    let positions: Positions = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| fault(error.into()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Positions::default(),
        Err(error) => return Err(fault(error)),
    };
    let committed: Committed = Arc::new(Mutex::new((0, positions.clone())));
    let (queue, messages) = sync_channel(QUEUE);
    let shipper = Shipper {
        client,
        prefix: prefix.to_owned(),
        runtime: Handle::current(),
        path,
        positions,
        committed: committed.clone(),
        pending: VecDeque::new(),
        waiting: Vec::new(),
        is_laid_out: false,
        names: OURS.map(str::to_owned).into(),
        trouble: None,
    };
    let thread = std::thread::Builder::new()
        .name("logs-shipper".into())
        .spawn(move || shipper.run(&messages))
        .map_err(fault)?;
    Ok((Intake::new(queue, committed), thread))
}

struct Shipper {
    client: Client,
    prefix: String,
    runtime: Handle,
    path: PathBuf,
    positions: Positions,
    committed: Committed,
    /// Taken and not yet stored.
    pending: VecDeque<Batch>,
    waiting: Vec<oneshot::Sender<Result<()>>>,
    /// The index template is there, or the engine has none.
    is_laid_out: bool,
    /// Index names that lines were sent under.
    names: BTreeSet<String>,
    trouble: Option<Trouble>,
}

struct Trouble {
    reason: String,
    until: Instant,
    pause: Duration,
}

/// Names beyond these are refused: each is an index a day, which costs the engine's
/// memory, and whoever may write lines may name them.
const MAX_NAMES: usize = 32;

/// Those of containers' lines, events and OTLP; nobody uses them up.
const OURS: [&str; 3] = ["logs", "events", "otlp"];

fn known(names: &mut BTreeSet<String>, batch: &Batch) -> Result<()> {
    for Entry { index, .. } in &batch.entries {
        if names.contains(index) {
            continue;
        }
        if names.len() >= MAX_NAMES {
            let reason = format!(
                "lines already come under {MAX_NAMES} index names; use one of them, such as [logs]"
            );
            return Err(Error::illegal("_index", reason));
        }
        names.insert(index.clone());
    }
    Ok(())
}

impl Shipper {
    /// Runs until all senders are gone, then tries a last time.
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let left = self
                .trouble
                .as_ref()
                .map(|trouble| trouble.until.saturating_duration_since(Instant::now()));
            match left {
                None => match messages.recv() {
                    Ok(message) => self.take(message),
                    Err(_) => break,
                },
                Some(left) if left.is_zero() => {}
                // What is full waits: that is how collectors are held back.
                Some(left) if self.is_full() => {
                    std::thread::sleep(left);
                    continue;
                }
                Some(left) => match messages.recv_timeout(left) {
                    Ok(message) => {
                        self.take(message);
                        continue;
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                },
            }
            while !self.is_full()
                && let Ok(message) = messages.try_recv()
            {
                self.take(message);
            }
            self.ship();
        }
        self.ship();
    }

    fn is_full(&self) -> bool {
        self.pending.iter().map(|batch| batch.entries.len()).sum::<usize>() >= MAX_LINES
    }

    fn take(&mut self, message: Message) {
        match (message, &self.trouble) {
            (Message::Lines(Batch { accepted: Some(accepted), .. }), Some(trouble)) => {
                // The sender may have gone away.
                let _ = accepted.send(Err(Error::Full(trouble.reason.clone())));
            }
            (Message::Flush(done), Some(trouble)) => {
                let _ = done.send(Err(Error::Full(trouble.reason.clone())));
            }
            (Message::Lines(batch), _) => self.pending.push_back(batch),
            (Message::Flush(done), None) => self.waiting.push(done),
        }
    }

    fn ship(&mut self) {
        match self.store() {
            Ok(()) => {
                if self.trouble.take().is_some() {
                    tracing::info!("the log engine takes lines again");
                }
                self.waiting.drain(..).for_each(|done| drop(done.send(Ok(()))));
            }
            Err(error) => self.put_off(&error),
        }
    }

    /// Who sent lines by itself keeps them; the collected ones are tried again.
    fn put_off(&mut self, error: &Error) {
        let reason = error.to_string();
        let pause = match &self.trouble {
            None => {
                tracing::warn!(%reason, "the log engine takes no lines; log files wait for it");
                RETRY
            }
            Some(trouble) => (trouble.pause * 2).min(MAX_RETRY),
        };
        for batch in self.pending.iter_mut().filter(|batch| batch.accepted.is_some()) {
            if let Some(accepted) = batch.accepted.take() {
                let _ = accepted.send(Err(Error::Full(reason.clone())));
            }
            batch.entries.clear();
        }
        self.pending.retain(|batch| !batch.entries.is_empty() || !batch.advances.is_empty());
        for done in self.waiting.drain(..) {
            let _ = done.send(Err(Error::Full(reason.clone())));
        }
        self.trouble = Some(Trouble { reason, until: Instant::now() + pause, pause });
    }

    /// Everything pending, or nothing of it.
    fn store(&mut self) -> Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.lay_out()?;
        let mut told: Vec<Result<Vec<String>>> = Vec::new();
        let mut documents: Vec<(usize, Document)> = Vec::new();
        for (place, batch) in self.pending.iter().enumerate() {
            let known = known(&mut self.names, batch);
            let named = known.and_then(|()| bulk::documents(&self.prefix, batch));
            told.push(named.map(|named| {
                let place_of = |(document, id)| {
                    documents.push((place, document));
                    id
                };
                named.into_iter().map(place_of).collect()
            }));
        }
        let refused =
            self.send(&documents.iter().map(|(_, document)| document).collect::<Vec<_>>())?;
        // Fields that do not fit the engine's are kept as text.
        let plain: Vec<Document> = refused.iter().map(|(at, _)| documents[*at].1.plain()).collect();
        for (at, reason) in self.send(&plain.iter().collect::<Vec<_>>())? {
            let (first, _) = refused[at];
            let place = documents[first].0;
            tracing::error!(%reason, index = documents[first].1.index, "a log line is refused by the engine and dropped");
            told[place] = Err(Error::Refused {
                status: 400,
                kind: "document_parsing_exception".into(),
                reason,
            });
        }
        let mut advances = Vec::new();
        for (batch, told) in self.pending.drain(..).zip(told) {
            advances.extend(batch.advances);
            if let Some(accepted) = batch.accepted {
                let _ = accepted.send(told);
            }
        }
        if !advances.is_empty() {
            apply(&mut self.positions, advances);
            // Not written down they are sent again, and replace themselves.
            if let Err(error) = self.write_positions() {
                tracing::warn!(%error, "cannot keep how far log files were sent");
            }
            self.committed.lock().unwrap_or_else(PoisonError::into_inner).1 =
                self.positions.clone();
        }
        Ok(())
    }

    /// Which documents are refused as they are, and why.
    fn send(&self, documents: &[&Document]) -> Result<Vec<(usize, String)>> {
        let (mut refused, mut sent) = (Vec::new(), 0);
        while sent < documents.len() {
            let (body, count) = bulk::body(&documents[sent..]);
            let answer = self.runtime.block_on(self.client.bulk(body))?;
            let fates = bulk::fates(&answer, count).ok_or_else(|| {
                Error::Unreachable("its answer to _bulk has not an item for each line".to_owned())
            })?;
            for (at, fate) in (sent..).zip(fates) {
                match fate {
                    Fate::Stored => {}
                    Fate::Later(reason) => return Err(Error::Busy(reason)),
                    Fate::Never(reason) => refused.push((at, reason)),
                }
            }
            sent += count;
        }
        Ok(refused)
    }

    fn lay_out(&mut self) -> Result<()> {
        if self.is_laid_out {
            return Ok(());
        }
        let path = format!("/_index_template/{}lines", self.prefix);
        let layout = template(&self.prefix);
        let put = self.client.call(Method::PUT, &path, &[], Some(&layout));
        match self.runtime.block_on(put) {
            Ok(_) => {}
            Err(Error::Refused { reason, .. }) => {
                tracing::warn!(%reason, "the log engine takes no index template; its own layout is used");
            }
            Err(error) => return Err(error),
        }
        self.is_laid_out = true;
        Ok(())
    }

    /// Whole or not at all, also when the power goes.
    fn write_positions(&self) -> std::io::Result<()> {
        let unfinished = self.path.with_extension("new");
        let mut file = File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(&self.positions)?)?;
        file.sync_data()?;
        fs::rename(&unfinished, &self.path)
    }
}
