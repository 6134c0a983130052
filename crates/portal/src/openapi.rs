//! The description of `/api` that the pages' types are generated from.

use axum::Json;
use axum::extract::State;
use utoipa::OpenApi;

use crate::{Portal, audit, export, info, session, settings, tokens, users};

#[derive(OpenApi)]
#[openapi(
    info(title = "dais portal", description = "Sign-in, accounts, tokens and audit."),
    paths(
        session::read,
        session::open,
        session::close,
        session::redeem,
        users::change_own_password,
        users::set_language,
        tokens::list,
        tokens::create,
        tokens::revoke,
        users::list,
        users::create,
        users::delete,
        users::set_groups,
        users::reset_password,
        users::create_link,
        audit::list,
        export::export,
        settings::read,
        settings::write,
        info::read
    )
)]
struct Document;

pub(crate) async fn read(State(portal): State<Portal>) -> Json<utoipa::openapi::OpenApi> {
    let mut document = Document::openapi();
    for other in portal.described() {
        document.merge(other.clone());
    }
    Json(document)
}
