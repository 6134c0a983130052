//! The API server in process, through its router and through `kube::Client`.

mod admission;
mod authority;
mod golden;
mod hostile;
mod kubectl;
mod rig;
mod routes;
mod smoke;
mod watches;
