//! The protocols over which kubectl and its relatives run commands in pods and
//! forward ports: what they say on the wire, turned into streams of bytes.
//!
//! ```text
//! exec, attach   WebSocket v5/v4.channel.k8s.io ─┐
//!                SPDY/3.1  v4.channel.k8s.io    ─┴─▶ Client: input, output, sizes
//! port-forward   WebSocket v4.channel.k8s.io    ─┐
//!                SPDY/3.1  portforward.k8s.io   ─┼─▶ one connection per stream
//!                SPDY/3.1 inside a WebSocket    ─┘
//! ```
//!
//! Owns framing, negotiation and the words of an end. Deliberately knows nothing of pods,
//! processes or permissions: [`command`] and [`port_forward`] are given what to do.
//!
//! Sources: Kubernetes' `apimachinery/pkg/util/remotecommand` and `httpstream`, KEP-4006,
//! and the drafts of SPDY/3.1, of which only what these clients use is here: streams that
//! the client opens, and no flow control beyond the connection's own.

mod command;
mod forward;
mod negotiate;
mod spdy;
mod tunnel;

pub use command::{Client, End, Output, Size, Stream, Wanted, command};
pub use forward::port_forward;

/// Streams that a client announced and does not open are waited for so long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
