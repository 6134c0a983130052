//! The object store, put together: its keys, the datasets that it shows, and
//! `/buckets/p/{project}` for people.
//!
//! | | |
//! |---|---|
//! | `GET /keys` | the project's access keys: one's own, for its administrators all; and the store's address |
//! | `POST /keys` | `{name, days?}`; answers the secret, once |
//! | `DELETE /keys/{id}` | revokes one |
//! | `POST /import` | `{dataset, bucket, prefix}`: objects as the next version, without copying them |

mod import;
mod keys;
mod people;
mod shelf;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use dais_buckets::Buckets;
use dais_data::Data;
use dais_identity::{Caller, Identity};

use super::access::Access;
pub use keys::AccessKeys;
use people::People;
use shelf::Datasets;

/// Who asks, and in which project; decided by `scopes`.
#[derive(Clone)]
pub struct Asking {
    pub project: String,
    pub caller: Caller,
    /// May add versions to datasets.
    pub writes_data: bool,
    /// May see and revoke other people's keys.
    pub manages: bool,
}

/// The server itself, for a port of its own.
pub fn server(buckets: &Buckets, data: &Data, identity: &Identity, access: &Access) -> Router {
    let keys = AccessKeys { identity: identity.clone(), access: access.clone() };
    dais_buckets::router(buckets.clone(), Arc::new(keys), Arc::new(Datasets(data.clone())))
}

/// What people do beside S3.
pub fn router(buckets: &Buckets, data: &Data, identity: &Identity, address: &str) -> Router {
    let people = People { identity: identity.clone(), address: address.to_owned() };
    let keys = Router::new()
        .route("/keys", get(people::list).post(people::create))
        .route("/keys/{id}", delete(people::revoke))
        .with_state(people);
    let importing = (buckets.clone(), data.clone());
    keys.merge(Router::new().route("/import", post(import::import)).with_state(importing))
}
