//! No isolation: a process tree on the host. The fallback, said aloud.
//!
//! Volumes cannot be bound in place, so places are rewritten instead: where a
//! word of the command line, a variable or the working directory names a path
//! at or under a mount path, it is made to name the volume's own path.

use std::path::PathBuf;

use super::{ContainerPlan, Runtime, add_defaults, own_dir, shim_spec};
use crate::error::Result;
use crate::shim::record::{Isolation, Mount, ShimSpec};

/// The process runtime.
pub(crate) struct Process;

impl Runtime for Process {
    fn name(&self) -> &'static str {
        "process"
    }

    fn runs_images(&self) -> bool {
        false
    }

    fn prepare(&self, mut plan: ContainerPlan) -> Result<ShimSpec> {
        let (work, tmp) = (own_dir(&plan, "work", 0o700)?, own_dir(&plan, "tmp", 0o700)?);
        let mut mounts = plan.mounts.clone();
        // The most particular first: /data/raw before /data.
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.target.components().count()));
        for word in plan.argv.iter_mut().chain(plan.env.iter_mut().map(|(_, value)| value)) {
            *word = rewrite(word, &mounts);
        }
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        add_defaults(
            &mut plan.env,
            &[
                ("HOME", text(&work)),
                ("TMPDIR", text(&tmp)),
                ("USER", "user".into()),
                ("LOGNAME", "user".into()),
            ],
        );
        let cwd = match &plan.working_dir {
            Some(dir) => PathBuf::from(rewrite(&dir.to_string_lossy(), &mounts)),
            None => work,
        };
        Ok(shim_spec(plan, cwd, Isolation::Process))
    }
}

/// What may stand before a path in an argument, a list or a script.
const BEFORE: &[char] =
    &['=', ':', ',', ';', '"', '\'', '(', ' ', '\t', '\n', '<', '>', '|', '&', '`'];
/// What may stand after it.
const AFTER: &[char] =
    &['/', ':', ',', ';', '"', '\'', ')', ' ', '\t', '\n', '<', '>', '|', '&', '`'];

/// Replaces every mount path that stands on its own or begins a longer path.
fn rewrite(text: &str, mounts: &[Mount]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    'outer: while !rest.is_empty() {
        let at_boundary = out.is_empty() && rest.len() == text.len()
            || text[..text.len() - rest.len()].ends_with(BEFORE);
        if at_boundary {
            for mount in mounts {
                let target = mount.target.to_string_lossy();
                let target = target.trim_end_matches('/');
                if let Some(after) = rest.strip_prefix(target)
                    && !target.is_empty()
                    && (after.is_empty() || after.starts_with(AFTER))
                {
                    out.push_str(&mount.source.to_string_lossy());
                    rest = after;
                    continue 'outer;
                }
            }
        }
        let next = rest.chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts() -> Vec<Mount> {
        let mount = |source: &str, target: &str| Mount {
            source: source.into(),
            target: target.into(),
            read_only: false,
        };
        vec![
            mount("/pods/1/raw", "/data/raw"),
            mount("/pods/1/data", "/data"),
            mount("/pods/1/code", "/code/"),
        ]
    }

    #[test]
    fn paths_are_rewritten_where_they_begin() {
        for (text, wanted) in [
            ("/data", "/pods/1/data"),
            ("/data/x.csv", "/pods/1/data/x.csv"),
            ("/data/raw/x", "/pods/1/raw/x"),
            ("--in=/data/x", "--in=/pods/1/data/x"),
            ("/code:/usr/lib", "/pods/1/code:/usr/lib"),
            ("cd /code && python t.py", "cd /pods/1/code && python t.py"),
            ("/database", "/database"),
            ("/mnt/data/x", "/mnt/data/x"),
            ("http://h/data", "http://h/data"),
            ("数据 /data 完", "数据 /pods/1/data 完"),
        ] {
            assert_eq!(rewrite(text, &mounts()), wanted, "{text}");
        }
    }
}
