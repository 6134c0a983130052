//! Where a node keeps what.
//!
//! ```text
//! <data_dir>/pods/<uid>/pod.json                     what is known of a pod
//!                      /volumes/<volume>             its own volumes
//!                      /containers/<name>/<attempt>  see shim::record
//!           /logs/<namespace>_<pod>_<uid>/pod.json   labels, for the collector
//!                      /<container>/<attempt>.log
//!           /volumes/<namespace>/<claim>_<uid>       persistent volumes
//!           /unbooked/<uid>.<container>.<attempt>.json  see books
//!           /uids.json                               user id ranges
//! ```

use std::path::PathBuf;

use crate::pods::names::PodNames;
use crate::shim::record::AttemptDir;

#[derive(Debug, Clone)]
pub(crate) struct Dirs {
    pub(crate) data_dir: PathBuf,
}

impl Dirs {
    pub(crate) fn pods(&self) -> PathBuf {
        self.data_dir.join("pods")
    }

    pub(crate) fn pod(&self, uid: &str) -> PathBuf {
        self.pods().join(uid)
    }

    pub(crate) fn pod_record(&self, uid: &str) -> PathBuf {
        self.pod(uid).join("pod.json")
    }

    pub(crate) fn volume(&self, uid: &str, volume: &str) -> PathBuf {
        self.pod(uid).join("volumes").join(volume)
    }

    pub(crate) fn container(&self, uid: &str, container: &str) -> PathBuf {
        self.pod(uid).join("containers").join(container)
    }

    pub(crate) fn attempt(&self, uid: &str, container: &str, attempt: u32) -> AttemptDir {
        AttemptDir(self.container(uid, container).join(attempt.to_string()))
    }

    pub(crate) fn all_unbooked(&self) -> PathBuf {
        self.data_dir.join("unbooked")
    }

    pub(crate) fn unbooked(&self, uid: &str, container: &str, attempt: u32) -> PathBuf {
        self.all_unbooked().join(format!("{uid}.{container}.{attempt}.json"))
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.data_dir.join("logs")
    }

    pub(crate) fn pod_logs(&self, names: &PodNames) -> PathBuf {
        self.logs().join(names.joined())
    }

    pub(crate) fn log(&self, names: &PodNames, container: &str, attempt: u32) -> PathBuf {
        self.pod_logs(names).join(container).join(format!("{attempt}.log"))
    }
}
