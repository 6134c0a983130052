//! The state of objects as metrics, in the names of kube-state-metrics.
//!
//! Pure text from what the feeds hold: a scrape asks the server nothing. Names,
//! labels and units are those of kube-state-metrics 2, so that dashboards drawn
//! for a cluster work; label keys are shown only where the caller allows them.

mod jobs;
mod namespaces;
mod nodes;
mod page;
mod pods;
mod workloads;

use std::sync::Arc;

use kube::{Resource, ResourceExt};

use self::page::Page;
use crate::context::Context;
use crate::feed::{Feed, Watched};

/// Renders everything.
pub fn render(context: &Context) -> String {
    let feeds = &context.feeds;
    let labels = &context.config.metric_labels;
    let mut page = Page::default();
    pods::render(&mut page, &sorted(&feeds.pods), labels);
    nodes::render(&mut page, &sorted(&feeds.nodes));
    namespaces::render(&mut page, &sorted(&feeds.namespaces), labels);
    namespaces::render_quotas(&mut page, &sorted(&feeds.quotas));
    workloads::render_deployments(&mut page, &sorted(&feeds.deployments));
    workloads::render_replica_sets(&mut page, &sorted(&feeds.replica_sets));
    workloads::render_stateful_sets(&mut page, &sorted(&feeds.stateful_sets));
    jobs::render(&mut page, &sorted(&feeds.jobs));
    let mut text = page.into_text();
    context.observed.render(&mut text);
    text
}

/// A stable order: two scrapes of the same state are the same text.
fn sorted<K: Watched + Resource>(feed: &Feed<K>) -> Vec<Arc<K>> {
    let mut objects = feed.store().state();
    objects.sort_by_cached_key(|object| (object.namespace(), object.name_any()));
    objects
}
