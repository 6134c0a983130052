//! What a source asks for, out of environment variables: those of a Secret in a job, or
//! the person's own.

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

/// Keys of the Secret. Those of `kubernetes.io/basic-auth`, a bearer token, and what every
/// S3 client calls its own.
const KEYS: [&str; 8] = [
    "username",
    "password",
    "token",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
];

#[derive(Clone, Debug, Default)]
pub struct Credentials {
    pub username: Option<String>,
    pub password: Option<String>,
    pub token: Option<String>,
    /// `None`: requests are not signed.
    pub access_key: Option<AccessKey>,
    pub region: Option<String>,
    pub endpoint: Option<String>,
}

#[derive(Clone, Debug)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    pub session: Option<String>,
}

/// The variables of a job whose Secret is called so; keys that it lacks make none.
pub fn variables(secret: &str) -> Vec<EnvVar> {
    let from = |key: &str| EnvVarSource {
        secret_key_ref: Some(SecretKeySelector {
            name: secret.to_owned(),
            key: key.to_owned(),
            optional: Some(true),
        }),
        ..EnvVarSource::default()
    };
    let variable = |key: &&str| EnvVar {
        name: variable(key),
        value_from: Some(from(key)),
        ..EnvVar::default()
    };
    let mut all: Vec<EnvVar> = KEYS.iter().map(variable).collect();
    // Its keys are optional; the Secret is not.
    all.push(EnvVar {
        name: SECRET.to_owned(),
        value: Some(secret.to_owned()),
        ..EnvVar::default()
    });
    all
}

/// Says that a Secret was named, and which.
const SECRET: &str = "DAIS_SOURCE_SECRET";

fn variable(key: &str) -> String {
    format!("DAIS_SOURCE_{}", key.to_ascii_uppercase())
}

impl Credentials {
    pub fn from_environment() -> Self {
        Self::found(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// A Secret's, where one was named: the project's own keys, which every job has, are
    /// not shown to others.
    fn found(variable_of: impl Fn(&str) -> Option<String>) -> Self {
        let named = variable_of(SECRET).is_some();
        let own = !named && variable_of("DAIS_JOB").is_none();
        let of_s3 = |key: &str| match named {
            true => variable_of(&variable(key)),
            false if own => variable_of(key),
            false => None,
        };
        let of_secret = |key: &str| variable_of(&variable(key));
        let access_key = of_s3("AWS_ACCESS_KEY_ID").zip(of_s3("AWS_SECRET_ACCESS_KEY"));
        Credentials {
            username: of_secret("username"),
            password: of_secret("password"),
            token: of_secret("token"),
            access_key: access_key.map(|(id, secret)| AccessKey {
                id,
                secret,
                session: of_s3("AWS_SESSION_TOKEN"),
            }),
            region: of_s3("AWS_REGION").or_else(|| of_s3("AWS_DEFAULT_REGION")),
            endpoint: of_s3("AWS_ENDPOINT_URL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Credentials {
        Credentials::found(|name| {
            let one = variables.iter().find(|(known, _)| *known == name);
            one.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_job_shows_its_secret_and_never_its_own_keys() {
        let own = [("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "s")];
        assert_eq!(found(&own).access_key.unwrap().id, "own");
        let job = [own[0], own[1], ("DAIS_JOB", "import"), ("AWS_ENDPOINT_URL", "http://own")];
        assert!(found(&job).access_key.is_none() && found(&job).endpoint.is_none());
        let mut secret = job.to_vec();
        secret.push((SECRET, "shop"));
        assert!(found(&secret).access_key.is_none());
        secret.push(("DAIS_SOURCE_AWS_ACCESS_KEY_ID", "theirs"));
        secret.push(("DAIS_SOURCE_AWS_SECRET_ACCESS_KEY", "s"));
        secret.push(("DAIS_SOURCE_PASSWORD", "p"));
        let credentials = found(&secret);
        assert_eq!(credentials.access_key.unwrap().id, "theirs");
        assert_eq!(credentials.password.as_deref(), Some("p"));
    }
}
