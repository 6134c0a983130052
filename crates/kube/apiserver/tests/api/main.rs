//! The API server in process, through its router and through `kube::Client`.

mod golden;
mod rig;
mod smoke;
