//! The controllers' seam to experiments and models: MLflow's REST protocol,
//! answered in process.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use dais_api::ProducedModel;
use dais_api::reference::{ModelReference, ModelVersion};
use dais_controllers::seams::{RegisteredVersion, Run, RunEnd, RunRequest, SeamError, Tracking};
use dais_tracking::Scope;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// Tag that keeps an attempt's run from being made twice.
const KEY: &str = "dais.attempt";
const API: &str = "/api/2.0/mlflow";
/// Who the platform's own entries are by, when no person asked.
const PLATFORM: &str = "system:dais";

pub struct InProcess {
    router: Router,
}

impl InProcess {
    pub fn new(router: Router) -> Arc<Self> {
        Arc::new(Self { router })
    }

    /// `Ok(None)`: the thing asked for does not exist.
    async fn call(
        &self,
        (project, user): (&str, &str),
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Option<Value>, SeamError> {
        let content = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        // Controllers move no alias, so that nobody need say which are protected.
        let protection = None;
        let scope =
            Scope { project: project.to_owned(), user: user.to_owned(), write: true, protection };
        let request = Request::builder()
            .method(method)
            .uri(format!("{API}{path}"))
            .header(header::CONTENT_TYPE, "application/json")
            .extension(scope)
            .body(content)
            .map_err(|error| SeamError(format!("{path}: {error}")))?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = response.into_body().collect().await;
        let bytes = bytes.map_err(|error| SeamError(format!("{path}: {error}")))?.to_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status == http::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            let message = value["message"].as_str().unwrap_or("no message");
            return Err(SeamError(format!("{path}: {message} (HTTP {status})")));
        }
        Ok(Some(value))
    }

    async fn post(
        &self,
        who: (&str, &str),
        path: &str,
        body: Value,
    ) -> Result<Option<Value>, SeamError> {
        self.call(who, Method::POST, path, Some(body)).await
    }

    async fn experiment(&self, who: (&str, &str), name: &str) -> Result<String, SeamError> {
        let path = format!("/experiments/get-by-name?experiment_name={}", encode(name));
        if let Some(found) = self.call(who, Method::GET, &path, None).await? {
            return text(&found["experiment"]["experiment_id"], "experiment_id");
        }
        match self.post(who, "/experiments/create", json!({"name": name})).await {
            Ok(made) => text(&made.unwrap_or_default()["experiment_id"], "experiment_id"),
            // Somebody else made it meanwhile.
            Err(error) => match self.call(who, Method::GET, &path, None).await? {
                Some(found) => text(&found["experiment"]["experiment_id"], "experiment_id"),
                None => Err(error),
            },
        }
    }

    async fn known_run(
        &self,
        who: (&str, &str),
        experiment: &str,
        key: &str,
    ) -> Result<Option<String>, SeamError> {
        let body = json!({
            "experiment_ids": [experiment],
            "filter": format!("tags.`{KEY}` = '{key}'"),
            "max_results": 1,
        });
        let found = self.post(who, "/runs/search", body).await?.unwrap_or_default();
        Ok(found["runs"][0]["info"]["run_id"].as_str().map(str::to_owned))
    }
}

fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

fn text(value: &Value, what: &str) -> Result<String, SeamError> {
    value.as_str().map(str::to_owned).ok_or_else(|| SeamError(format!("the answer has no {what}")))
}

/// A logged value: 64-bit numbers and what is not finite come as text.
fn point(logged: &Value) -> Option<(i64, f64)> {
    let step = logged["step"].as_i64().or_else(|| logged["step"].as_str()?.parse().ok());
    let value = &logged["value"];
    let value = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    Some((step.unwrap_or(0), value))
}

#[async_trait]
impl Tracking for InProcess {
    async fn ensure_run(&self, request: RunRequest<'_>) -> Result<Run, SeamError> {
        let RunRequest { project, user, experiment, name, key, tags } = request;
        let who = (project, if user.is_empty() { PLATFORM } else { user });
        let experiment_id = self.experiment(who, experiment).await?;
        if let Some(run_id) = self.known_run(who, &experiment_id, key).await? {
            return Ok(Run { run_id, experiment_id });
        }
        let tags = tags.into_iter().chain([(KEY.to_owned(), key.to_owned())]);
        let tags: Vec<Value> =
            tags.map(|(key, value)| json!({"key": key, "value": value})).collect();
        let body = json!({
            "experiment_id": experiment_id,
            "run_name": name,
            "user_id": who.1,
            "start_time": jiff::Timestamp::now().as_millisecond(),
            "tags": tags,
        });
        let made = self.post(who, "/runs/create", body).await?.unwrap_or_default();
        Ok(Run { run_id: text(&made["run"]["info"]["run_id"], "run_id")?, experiment_id })
    }

    async fn end_run(&self, project: &str, run_id: &str, end: RunEnd) -> Result<(), SeamError> {
        let who = (project, PLATFORM);
        let path = format!("/runs/get?run_id={}", encode(run_id));
        let Some(run) = self.call(who, Method::GET, &path, None).await? else { return Ok(()) };
        if run["run"]["info"]["status"].as_str() != Some("RUNNING") {
            return Ok(());
        }
        let status = match end {
            RunEnd::Finished => "FINISHED",
            RunEnd::Failed => "FAILED",
            RunEnd::Killed => "KILLED",
        };
        let now = jiff::Timestamp::now().as_millisecond();
        let body = json!({"run_id": run_id, "status": status, "end_time": now});
        self.post(who, "/runs/update", body).await.map(drop)
    }

    async fn models_of_run(
        &self,
        project: &str,
        run_id: &str,
    ) -> Result<Vec<ProducedModel>, SeamError> {
        let filter = encode(&format!("run_id = '{run_id}'"));
        let path = format!("/model-versions/search?filter={filter}");
        let found = self.call((project, PLATFORM), Method::GET, &path, None).await?;
        let found = found.unwrap_or_default();
        let versions = found["model_versions"].as_array().into_iter().flatten();
        versions
            .map(|version| {
                let name = text(&version["name"], "name")?;
                Ok(ProducedModel { name, version: text(&version["version"], "version")? })
            })
            .collect()
    }

    async fn metric_history(
        &self,
        project: &str,
        run_id: &str,
        metric: &str,
    ) -> Result<Vec<(i64, f64)>, SeamError> {
        let base =
            format!("/metrics/get-history?run_id={}&metric_key={}", encode(run_id), encode(metric));
        let (mut history, mut path) = (Vec::new(), base.clone());
        while let Some(page) = self.call((project, PLATFORM), Method::GET, &path, None).await? {
            let points = page["metrics"].as_array().into_iter().flatten();
            history.extend(points.filter_map(point));
            match page["next_page_token"].as_str().filter(|token| !token.is_empty()) {
                Some(token) => path = format!("{base}&page_token={}", encode(token)),
                None => break,
            }
        }
        Ok(history)
    }

    async fn resolve_model(
        &self,
        project: &str,
        model: &ModelReference,
    ) -> Result<Option<RegisteredVersion>, SeamError> {
        let name = encode(&model.name);
        let path = match &model.version {
            ModelVersion::Number(number) => {
                format!("/model-versions/get?name={name}&version={number}")
            }
            ModelVersion::Alias(alias) => {
                format!("/registered-models/alias?name={name}&alias={}", encode(alias))
            }
        };
        let found = self.call((project, PLATFORM), Method::GET, &path, None).await?;
        let Some(found) = found else { return Ok(None) };
        let version = &found["model_version"];
        Ok(Some(RegisteredVersion {
            name: text(&version["name"], "name")?,
            version: text(&version["version"], "version")?,
            run_id: version["run_id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
        }))
    }
}
