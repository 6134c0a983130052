//! Asks a project's InferenceService about the tasks of its labelling, through the gateway
//! as any caller does: as the project's own account, which may call its services and no
//! others.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dais_controllers::project::WORKLOAD;
use dais_controllers::seams::{AskedRound, PredictingService};
use dais_data::Data;
use dais_identity::{Caller, Via};
use dais_labeling::inference::{LARGEST_ANSWER, question, understood};
use dais_labeling::{LabelConfig, Outcome, Task, Unpredicted, Work};
use futures::{StreamExt, stream};
use http::{HeaderMap, Method, Request, StatusCode, header};
use tower::ServiceExt;

use super::file::Version;

/// Requests under way for one labelling project.
const AT_ONCE: usize = 4;
/// Tasks that are taken from the store together, and what is written together.
const TOGETHER: u32 = 64;
/// How long one round goes on; then its figures are told, and whether it was stopped.
const ROUND: Duration = Duration::from_secs(3);
/// A model that takes longer is no help to anybody who labels; one that sleeps wakes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Failures without an answer, and none with one, after which a round ends.
const MOST_UNANSWERED: usize = AT_ONCE;
/// Bytes of a task's image.
const LARGEST_IMAGE: usize = 16 << 20;
/// Characters of what a model says when it refuses.
const SHOWN: usize = 200;

pub struct Round<'a> {
    pub gateway: &'a Router,
    pub data: &'a Data,
    pub work: &'a Work,
    pub config: LabelConfig,
    pub project: &'a str,
    pub service: &'a PredictingService,
    /// Where the images of tasks are.
    pub images: Version,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl Round<'_> {
    /// Asks for a while.
    pub async fn run(&self) -> dais_labeling::Result<AskedRound> {
        let end = Instant::now() + ROUND;
        let (mut answered, mut unanswered) = (0, 0);
        while Instant::now() < end {
            let tasks = self.work.unpredicted(now(), TOGETHER).await?;
            if tasks.is_empty() {
                return Ok(AskedRound::Finished);
            }
            let due = |_: &Unpredicted| std::future::ready(Instant::now() < end);
            let asked = stream::iter(tasks).take_while(due);
            let asks = asked.map(async |task| {
                let outcome = self.ask(&task.task).await;
                (task, outcome)
            });
            let mut outcomes = asks.buffer_unordered(AT_ONCE).ready_chunks(TOGETHER as usize);
            while let Some(outcomes) = outcomes.next().await {
                self.work.take_outcomes(&self.config, &outcomes, now()).await?;
                for (_, outcome) in outcomes {
                    let Outcome::Unanswered(why) = outcome else {
                        answered += 1;
                        continue;
                    };
                    unanswered += 1;
                    if answered == 0 && unanswered >= MOST_UNANSWERED {
                        return Ok(AskedRound::Unanswered(why));
                    }
                }
            }
        }
        Ok(AskedRound::Unfinished)
    }

    async fn ask(&self, task: &Task) -> Outcome {
        let image = match self.image(task).await {
            Ok(image) => image,
            Err(outcome) => return outcome,
        };
        let body = question(&self.config, &task.data, image.as_deref()).to_string();
        let answer = async {
            let request = self.request(body)?;
            let Ok(response) = self.gateway.clone().oneshot(request).await;
            let status = response.status();
            let bytes = to_bytes(response.into_body(), LARGEST_ANSWER).await;
            let bytes = bytes.map_err(|_| {
                Outcome::Useless(format!("the answer broke off, or is over {LARGEST_ANSWER} bytes"))
            })?;
            Ok((status, bytes))
        };
        let (status, bytes) = match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(outcome)) => return outcome,
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                return Outcome::Unanswered(format!("no answer within {seconds} seconds"));
            }
        };
        let said = || {
            let text: String = String::from_utf8_lossy(&bytes).chars().take(SHOWN).collect();
            format!("the service answered {status}: {text}")
        };
        match status {
            StatusCode::OK => {
                let model = &self.service.model_of_answers;
                match understood(&self.config, &task.data, model, &bytes) {
                    Ok(prediction) => Outcome::Said(prediction),
                    Err(error) => Outcome::Useless(error.to_string()),
                }
            }
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Outcome::Useless(said()),
            _ => Outcome::Unanswered(said()),
        }
    }

    fn request(&self, body: String) -> Result<Request<Body>, Outcome> {
        let PredictingService { name, model, .. } = self.service;
        let uri = format!("/serve/{}/{name}/v2/models/{model}/infer", self.project);
        let account = format!("system:serviceaccount:{}:{}", self.project, WORKLOAD.name);
        let groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{}", self.project),
        ];
        Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .extension(Caller::local(account, groups, Via::Internal))
            .body(Body::from(body))
            .map_err(|error| Outcome::Unanswered(format!("the model's address: {error}")))
    }

    /// The image's file in base64, of a task that has one.
    async fn image(&self, task: &Task) -> Result<Option<String>, Outcome> {
        if !self.config.kind.is_image() {
            return Ok(None);
        }
        let useless = |why: String| Outcome::Useless(format!("its image: {why}"));
        let Some((project, dataset, version)) = &self.images else {
            return Err(useless("the dataset is not there any more".to_owned()));
        };
        let field = self.config.fields().into_iter().next().unwrap_or_default();
        let path = task.data.get(field).and_then(|value| value.as_str()).unwrap_or_default();
        let found = self.data.serve(project, (dataset, version), path, &HeaderMap::new()).await;
        let response = found.map_err(|error| useless(error.to_string()))?;
        let bytes = to_bytes(response.into_body(), LARGEST_IMAGE).await;
        let bytes = bytes.map_err(|_| {
            useless(format!("it cannot be read, or is over {} MiB", LARGEST_IMAGE >> 20))
        })?;
        Ok(Some(BASE64_STANDARD.encode(bytes)))
    }
}
