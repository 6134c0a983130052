//! What kubelet and kube-proxy do, on one machine.
//!
//! Owns the pods that are bound to this node: their volumes, containers, logs,
//! probes and status; the Node object; the addresses of Services. Reaches the
//! world through [`kube::Client`] alone and does not know whose API server
//! answers. Knows nothing of what the pods are for.
//!
//! Start reading at [`Node`] (node.rs), then `pods.rs`, then `shim.rs`:
//! containers belong to shims, small processes of their own, so that neither
//! an end nor a crash of the platform ends them.

mod addresses;
mod books;
mod cgroup;
mod config;
mod devices;
mod dirs;
mod error;
mod events;
mod host;
mod logs;
mod metrics;
mod node;
mod peers;
mod pods;
mod proxy;
mod quantity;
mod register;
mod runtime;
mod shim;
mod streaming;
mod sys;
mod users;
mod volumes;

pub use books::{ContainerUse, HeldDevices, UseEnd, UseSink};
pub use config::{NodeConfig, RuntimeChoice, StopMode};
pub use devices::{Device, DeviceHolder, DeviceHolders, DeviceReport};
pub use error::{Error, Result};
pub use node::Node;
pub use peers::Peers;
pub use shim::shim_main;
pub use volumes::{Published, VolumeDriver, VolumeError, VolumeRequest};
