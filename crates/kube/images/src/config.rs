//! What an image says of the program in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{Error, Result};

/// The configuration of an image, as the OCI image specification has it; only what is used.
#[derive(Debug, Deserialize)]
pub(crate) struct ConfigFile {
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) os: String,
    #[serde(default)]
    pub(crate) config: Option<Execution>,
    pub(crate) rootfs: RootFs,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Execution {
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    working_dir: Option<String>,
    user: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RootFs {
    pub(crate) diff_ids: Vec<Digest>,
}

/// How the program of an image is started, if nobody says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// What comes before the arguments.
    pub entrypoint: Vec<String>,
    /// Arguments.
    pub cmd: Vec<String>,
    /// Variables.
    pub env: Vec<(String, String)>,
    /// Where it starts; empty: at the top.
    pub working_dir: String,
    /// Whom it runs as, as the image says it: a number or a name; empty: root.
    pub user: String,
    /// The same as a number; none: the image knows no such name.
    pub uid: Option<u32>,
}

/// An image that is here.
#[derive(Debug, Clone)]
pub struct Image {
    /// `sha256:…` of its configuration, as Docker names images.
    pub id: String,
    /// Its names, in their one form.
    pub names: Vec<String>,
    /// Digests of manifests that it came by.
    pub manifests: Vec<String>,
    /// What its files hold, in bytes.
    pub size_bytes: u64,
    /// When it was loaded first.
    pub loaded_at: Timestamp,
    /// When somebody let go of it last, or it was loaded.
    pub used_at: Timestamp,
    /// Who holds it now.
    pub used_by: Vec<String>,
    /// How its program is started.
    pub program: Program,
    /// Where its files are. Nobody may write there.
    pub tree: std::path::PathBuf,
}

pub(crate) fn parse(bytes: &[u8]) -> Result<ConfigFile> {
    let config: ConfigFile = serde_json::from_slice(bytes).map_err(|error| {
        Error::refused(format!("the image's configuration cannot be read: {error}"))
    })?;
    let here = here();
    let fits = |said: &str, wanted: &str| said.is_empty() || said == wanted;
    if !fits(&config.os, "linux") || !fits(&config.architecture, here) {
        return Err(Error::Refused {
            reason: format!(
                "the image is for {}/{}, and this machine is linux/{here}",
                config.os, config.architecture
            ),
            hint: "load the image of this machine's platform (docker pull --platform …)",
        });
    }
    Ok(config)
}

/// This machine, in the words of images.
pub(crate) fn here() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

impl Execution {
    /// `uid_of` knows the image's own names of users.
    pub(crate) fn program(self, uid_of: impl Fn(&str) -> Option<u32>) -> Program {
        let user = self.user.unwrap_or_default();
        let name = user.split(':').next().unwrap_or_default();
        let uid = match name {
            "" => Some(0),
            name => name.parse().ok().or_else(|| uid_of(name)),
        };
        let pair = |text: String| match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (text, String::new()),
        };
        Program {
            entrypoint: self.entrypoint.unwrap_or_default(),
            cmd: self.cmd.unwrap_or_default(),
            env: self.env.unwrap_or_default().into_iter().map(pair).collect(),
            working_dir: self.working_dir.unwrap_or_default(),
            uid,
            user,
        }
    }
}

impl Program {
    /// The command line, by the rules of Kubernetes: a `command` takes the place of both of
    /// the image's, `args` that of its arguments.
    pub fn words(&self, command: Option<&[String]>, args: Option<&[String]>) -> Vec<String> {
        let command = command.filter(|words| !words.is_empty());
        match (command, args.filter(|words| !words.is_empty())) {
            (Some(command), args) => [command, args.unwrap_or_default()].concat(),
            (None, Some(args)) => [&self.entrypoint, args].concat(),
            (None, None) => [&self.entrypoint[..], &self.cmd].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_and_args_are_combined_as_kubernetes_does() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let program = Program { entrypoint: words("/ep"), cmd: words("a b"), ..Program::default() };
        let run = |command: Option<&str>, args: Option<&str>| {
            program.words(command.map(words).as_deref(), args.map(words).as_deref()).join(" ")
        };
        assert_eq!(run(None, None), "/ep a b");
        assert_eq!(run(None, Some("x")), "/ep x");
        assert_eq!(run(Some("c"), None), "c");
        assert_eq!(run(Some("c"), Some("x y")), "c x y");
        assert_eq!(run(Some(""), Some("")), "/ep a b");
    }

    #[test]
    fn users_are_numbers_or_names_of_the_image() {
        let uid = |user: &str| {
            let execution = Execution { user: Some(user.to_owned()), ..Execution::default() };
            execution.program(|name| (name == "app").then_some(7)).uid
        };
        assert_eq!(
            [uid(""), uid("12:13"), uid("app:app"), uid("other")],
            [Some(0), Some(12), Some(7), None]
        );
    }
}
