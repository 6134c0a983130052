//! Which dataset somebody means, and whether they may read it.

use dais_api::Dataset;
use dais_api::reference::seen_from;
use kube::{Api, Client};

use crate::error::{Error, Result};

/// A dataset's own project, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub project: String,
    pub name: String,
}

/// What stands in an address must be no address itself.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| !label.is_empty() && label.bytes().all(plain);
    text.len() <= 253 && text.split('.').all(label)
}

/// Looks for what `named`, a name or `project/name`, means in `project`. `Ok(Err(words))`:
/// there is none, or it is not for this project; which of both is told to nobody.
pub async fn find(client: &Client, project: &str, named: &str) -> Result<Result<Found, String>> {
    let (owner, name) = seen_from(named, project);
    let known = match is_name(owner) && is_name(name) {
        true => Api::<Dataset>::namespaced(client.clone(), owner)
            .get_opt(name)
            .await
            .map_err(Error::kube(format!("reading dataset {named}")))?,
        false => None,
    };
    let may = |dataset: &Dataset| owner == project || dataset.spec.is_shared_with(project);
    Ok(match known.filter(may) {
        Some(_) => Ok(Found { project: owner.to_owned(), name: name.to_owned() }),
        None if owner == project => Err(format!(
            "no Dataset {name:?} in project {project:?}; create it or name another \
             (`dais data list`)"
        )),
        None => Err(format!(
            "no Dataset {name:?} of project {owner:?} is shared with project {project:?}; its \
             people share it with `dais data share`"
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn what_is_no_name_is_asked_of_nobody() {
        assert!(is_name("digits") && is_name("a-1.b"));
        for bad in ["", "..", "a/b", "a..b", "A", "a b", "a?x", &"a".repeat(254)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
