//! The price list is written as the one who asks: whoever may change the
//! ConfigMap `dais-system/prices` may change prices, by whichever way.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use axum::{Json, Router};
use dais_apiserver::ApiServer;
use dais_controllers::monitoring::PLATFORM_NAMESPACE;
use dais_identity::Caller;
use dais_ledger::{Fault, PriceList};
use http::StatusCode;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use super::accounts;

/// The ConfigMap, and the key in it.
pub const NAME: &str = "prices";
pub const KEY: &str = "prices.yaml";
/// Who wrote the fields, as server-side apply keeps it.
const MANAGER: &str = "dais-portal";

pub fn router(kubernetes: &ApiServer) -> Router {
    Router::new()
        .route("/api/ledger/prices", put(write).delete(remove))
        .with_state(kubernetes.clone())
}

async fn write(State(kubernetes): State<ApiServer>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else { return stranger() };
    let body = match Json::<serde_json::Value>::from_request(request, &()).await {
        Ok(Json(body)) => body,
        Err(rejection) => return unreadable(&rejection),
    };
    let list = match PriceList::of(body) {
        Ok(list) => list,
        Err(fault) => return refuse(StatusCode::BAD_REQUEST, &fault),
    };
    let text = match serde_saphyr::to_string(&list) {
        Ok(text) => text,
        Err(error) => return broken(&error.to_string()),
    };
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": NAME, "namespace": PLATFORM_NAMESPACE},
        "data": {KEY: text},
    });
    let params = PatchParams::apply(MANAGER).force();
    match maps(&kubernetes, &caller).patch(NAME, &params, &Patch::Apply(map)).await {
        Ok(_) => Json(json!({"list": list})).into_response(),
        Err(error) => not_done(&error),
    }
}

async fn remove(State(kubernetes): State<ApiServer>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else { return stranger() };
    match maps(&kubernetes, &caller).delete(NAME, &DeleteParams::default()).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => not_done(&error),
    }
}

fn maps(kubernetes: &ApiServer, caller: &Caller) -> Api<ConfigMap> {
    let client = Client::new(kubernetes.client(accounts::user_info(caller)), PLATFORM_NAMESPACE);
    Api::namespaced(client, PLATFORM_NAMESPACE)
}

fn refuse(status: StatusCode, fault: &Fault) -> Response {
    (status, Json(json!({"error": fault}))).into_response()
}

fn fault(field: &str, reason: impl Into<String>, hint: &str) -> Fault {
    Fault { field: field.to_owned(), reason: reason.into(), hint: hint.to_owned() }
}

fn stranger() -> Response {
    let hint = "sign in, or send an API token as Authorization: Bearer …";
    refuse(StatusCode::UNAUTHORIZED, &fault("", "nobody is signed in", hint))
}

fn unreadable(rejection: &JsonRejection) -> Response {
    let hint = "send the price list as JSON, with Content-Type: application/json";
    refuse(rejection.status(), &fault("", rejection.body_text(), hint))
}

fn not_done(error: &kube::Error) -> Response {
    let kube::Error::Api(status) = error else { return broken(&error.to_string()) };
    let code = StatusCode::from_u16(status.code).unwrap_or(StatusCode::BAD_GATEWAY);
    let hint = match code {
        StatusCode::FORBIDDEN => "ask an administrator of the platform",
        StatusCode::NOT_FOUND => "there is none to remove",
        _ => "look at the ConfigMap dais-system/prices",
    };
    refuse(code, &fault("", status.message.clone(), hint))
}

fn broken(error: &str) -> Response {
    tracing::error!(error, "price list not written");
    let hint = "the platform's log says why; try again when that is mended";
    refuse(StatusCode::SERVICE_UNAVAILABLE, &fault("", "the price list was not written", hint))
}
