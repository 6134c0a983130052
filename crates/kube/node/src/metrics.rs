//! What this node measures, in Prometheus' text format and under the field's
//! names: node-exporter's for the machine, cAdvisor's for containers.

mod cadvisor_page;
mod node_page;
pub(crate) mod proc;
mod summary_page;
mod text;

pub(crate) use cadvisor_page::cadvisor;
pub(crate) use node_page::node;
pub(crate) use summary_page::summary;
