//! Whose lines they are: `pod.json` beside the log files, and the fields that the
//! collector's owner makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Map, Value};

/// Lines may be written before the pod's description; they wait for it this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pod as its log directory describes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Pod {
    pub namespace: String,
    #[serde(alias = "name")]
    pub pod: String,
    pub uid: String,
    pub node: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    #[serde(skip)]
    changed: Option<SystemTime>,
}

/// Fields (`app`, `user`, …) that a pod's lines get besides its names.
pub type Describe = Arc<dyn Fn(&Pod) -> Vec<(String, String)> + Send + Sync>;

/// Fields from a table of `(label or annotation, field)`; the first that a pod has wins.
pub fn fields_from_labels<I, K, F>(table: I) -> Describe
where
    I: IntoIterator<Item = (K, F)>,
    K: Into<String>,
    F: Into<String>,
{
    let table: Vec<(String, String)> =
        table.into_iter().map(|(key, field)| (key.into(), field.into())).collect();
    Arc::new(move |pod| {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (key, field) in &table {
            let value = pod.annotations.get(key).or_else(|| pod.labels.get(key));
            if let Some(value) = value
                && fields.iter().all(|(set, _)| set != field)
            {
                fields.push((field.clone(), value.clone()));
            }
        }
        fields
    })
}

impl Pod {
    /// The pod of a directory, read again when its file changed. `None` while the
    /// file is still awaited; after that the directory's name must do.
    pub fn load(directory: &Path, known: Option<Pod>) -> Option<Pod> {
        let path = directory.join("pod.json");
        let Ok(changed) = fs::metadata(&path).and_then(|metadata| metadata.modified()) else {
            return known
                .or_else(|| if is_old(directory) { Self::from_name(directory) } else { None });
        };
        if let Some(known) = known
            && known.changed == Some(changed)
        {
            return Some(known);
        }
        let content = fs::read(&path).ok()?;
        match serde_json::from_slice::<Pod>(&content) {
            Ok(pod) => Some(Pod { changed: Some(changed), ..pod }),
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "cannot read a pod's description");
                Self::from_name(directory)
            }
        }
    }

    /// `<namespace>_<pod>_<uid>`; none of the three holds an underscore.
    pub fn from_name(directory: &Path) -> Option<Pod> {
        let mut parts = directory.file_name()?.to_str()?.splitn(3, '_');
        let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Pod {
            namespace: namespace.into(),
            pod: pod.into(),
            uid: uid.into(),
            ..Pod::default()
        })
    }

    /// What every line of one of its containers says about its origin.
    pub fn fields(&self, container: &Path, describe: &Describe) -> Map<String, Value> {
        let mut fields = Map::new();
        let name = container.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        for (field, value) in [
            ("namespace", self.namespace.as_str()),
            ("pod", &self.pod),
            ("container", name),
            ("node", &self.node),
        ] {
            if !value.is_empty() {
                fields.insert(field.into(), value.into());
            }
        }
        for (field, value) in describe(self) {
            fields.entry(field).or_insert_with(|| value.into());
        }
        fields
    }
}

fn is_old(directory: &Path) -> bool {
    let made = fs::metadata(directory).and_then(|metadata| metadata.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_become_fields_by_the_table_and_in_its_order() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("team_train-1_uid");
        fs::create_dir(&path).unwrap();
        let description = json!({
            "namespace": "team", "pod": "train-1", "uid": "uid", "node": "n1",
            "labels": {"app": "second", "best.io/app": "first"}, "annotations": {"best.io/user": "张三"}
        });
        fs::write(path.join("pod.json"), description.to_string()).unwrap();
        let pod = Pod::load(&path, None).unwrap();
        let table = fields_from_labels([
            ("best.io/app", "app"),
            ("app", "app"),
            ("best.io/user", "user"),
            ("none", "workspace"),
        ]);
        assert_eq!(
            Value::Object(pod.fields(Path::new("main"), &table)),
            json!({"namespace": "team", "pod": "train-1", "container": "main", "node": "n1", "app": "first", "user": "张三"})
        );
    }
}
