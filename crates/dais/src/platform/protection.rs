//! What the tracking server must know of protected aliases: which they are, and who may
//! approve that one moves.

use anyhow::Result;
use axum::extract::Request;
use dais_identity::Caller;
use dais_tracking::Protection;

use super::access::{Access, Right};
use super::scopes::own_project;

pub async fn of(access: &Access, caller: &Caller, project: &str) -> Result<Protection> {
    let protected_aliases = access.protected_aliases(project).await?;
    // A project's work asks and people approve: its own accounts never do, whatever they
    // were given, or else who may run a job could approve by one.
    let may_approve = own_project(caller).is_none()
        && access.allows(caller, &Right::APPROVE_MODELS, project).await?;
    Ok(Protection { protected_aliases, may_approve })
}

/// Whether a request may change what an alias points to or the files behind one, or is about
/// approvals. Logging, of which there is a thousand times more, is not asked about. What is
/// forgotten here is refused by the tracking server.
pub fn concerns_aliases(request: &Request) -> bool {
    const BEHIND: [&str; 3] = ["/registered-models", "/model-versions", "/mlflow-artifacts/"];
    let path = request.uri().path();
    let is_behind = BEHIND.iter().any(|part| path.contains(part));
    path.contains("/dais/model-approvals") || is_behind && !request.method().is_safe()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn what_is_logged_is_not_asked_about() {
        let concerns = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path).body(Body::empty());
            concerns_aliases(&request.expect("a request"))
        };
        for (method, path) in [
            ("POST", "/api/2.0/mlflow/registered-models/alias"),
            ("DELETE", "/ajax-api/3.0/mlflow/registered-models/alias?name=m&alias=a"),
            ("POST", "/api/2.0/mlflow/model-versions/transition-stage"),
            ("GET", "/api/2.0/dais/model-approvals"),
            ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/r/model.onnx"),
            ("POST", "/api/2.0/dais/model-approvals/1/approve"),
        ] {
            assert!(concerns(method, path), "{method} {path}");
        }
        for (method, path) in [
            ("POST", "/api/2.0/mlflow/runs/log-batch"),
            ("GET", "/api/2.0/mlflow-artifacts/artifacts/1/r/model.onnx"),
            ("GET", "/api/2.0/mlflow/registered-models/alias?name=m&alias=a"),
        ] {
            assert!(!concerns(method, path), "{method} {path}");
        }
    }
}
