//! Finds a served resource; replaced as a whole when custom ones change.

use std::collections::HashMap;
use std::sync::Arc;

use super::builtin;
use super::resource::Resource;

/// A group with its versions, the preferred one first.
#[derive(Debug, Clone)]
pub struct Group {
    pub name: String,
    pub versions: Vec<String>,
}

/// Everything that is served at one moment.
#[derive(Debug)]
pub struct Catalog {
    resources: Vec<Arc<Resource>>,
    index: HashMap<String, Arc<Resource>>,
    groups: Vec<Group>,
}

impl Catalog {
    /// The built-in resources and the given custom ones. A custom resource
    /// never takes the place of a built-in one.
    pub fn new(custom: Vec<Resource>) -> Catalog {
        let mut catalog =
            Catalog { resources: Vec::new(), index: HashMap::new(), groups: Vec::new() };
        for resource in builtin::resources().into_iter().chain(custom) {
            catalog.add(resource);
        }
        catalog
    }

    fn add(&mut self, resource: Resource) {
        let key = key(&resource.group, &resource.version, &resource.plural);
        if self.index.contains_key(&key) {
            return;
        }
        match self.groups.iter_mut().find(|group| group.name == resource.group) {
            Some(group) if group.versions.contains(&resource.version) => {}
            Some(group) => group.versions.push(resource.version.clone()),
            None => self.groups.push(Group {
                name: resource.group.clone(),
                versions: vec![resource.version.clone()],
            }),
        }
        let resource = Arc::new(resource);
        self.index.insert(key, resource.clone());
        self.resources.push(resource);
    }

    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.index.get(&key(group, version, plural))
    }

    /// A built-in that the server itself relies on.
    pub fn expect(&self, group: &str, version: &str, plural: &str) -> &Arc<Resource> {
        self.find(group, version, plural).expect("the table of built-ins has this resource")
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// All groups, the unnamed core group first.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub fn resources(&self) -> &[Arc<Resource>] {
        &self.resources
    }

    /// The resources of one group and version.
    pub fn in_version<'a>(
        &'a self,
        group: &'a str,
        version: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Resource>> {
        self.resources
            .iter()
            .filter(move |resource| resource.group == group && resource.version == version)
    }
}

fn key(group: &str, version: &str, plural: &str) -> String {
    format!("{group}/{version}/{plural}")
}
