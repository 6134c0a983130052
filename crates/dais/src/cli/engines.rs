//! Engines that are not ours. What is secret comes from a file or from the environment:
//! anybody on the machine can read another's command line.

use std::path::PathBuf;

use clap::Args;

/// Asked in place of the embedded ones.
#[derive(Clone, Debug, Args)]
pub struct Engines {
    /// Prometheus to ask, for example http://prometheus:9090
    #[arg(long, env = "DAIS_PROMETHEUS_URL", hide_env_values = true)]
    pub prometheus_url: Option<String>,
    /// Bearer token for it; better DAIS_PROMETHEUS_TOKEN or a file
    #[arg(long, env = "DAIS_PROMETHEUS_TOKEN", hide_env_values = true)]
    pub prometheus_token: Option<String>,
    /// File that holds it
    #[arg(long, env = "DAIS_PROMETHEUS_TOKEN_FILE", conflicts_with = "prometheus_token")]
    pub prometheus_token_file: Option<PathBuf>,
    /// Elasticsearch or OpenSearch that holds the logs, for example https://elastic:9200
    #[arg(long, env = "DAIS_ELASTICSEARCH_URL", hide_env_values = true)]
    pub elasticsearch_url: Option<String>,
    /// What the names of its indices begin with that are read and written
    #[arg(long, env = "DAIS_ELASTICSEARCH_PREFIX", default_value = "dais-")]
    pub elasticsearch_prefix: String,
    /// File with an API key for it, or with a whole header such as "Bearer …"; or DAIS_ELASTICSEARCH_TOKEN
    #[arg(long, env = "DAIS_ELASTICSEARCH_TOKEN_FILE", conflicts_with = "elasticsearch_user")]
    pub elasticsearch_token_file: Option<PathBuf>,
    /// User to sign in to it as
    #[arg(long, env = "DAIS_ELASTICSEARCH_USER")]
    pub elasticsearch_user: Option<String>,
    /// File with that user's password; or DAIS_ELASTICSEARCH_PASSWORD
    #[arg(long, env = "DAIS_ELASTICSEARCH_PASSWORD_FILE", requires = "elasticsearch_user")]
    pub elasticsearch_password_file: Option<PathBuf>,
    /// Jaeger or Tempo to ask, for example http://jaeger:16686
    #[arg(long, env = "DAIS_JAEGER_URL", hide_env_values = true)]
    pub jaeger_url: Option<String>,
    /// File with a bearer token for it; or DAIS_JAEGER_TOKEN
    #[arg(long, env = "DAIS_JAEGER_TOKEN_FILE")]
    pub jaeger_token_file: Option<PathBuf>,
    /// Collector that spans go on to over OTLP/HTTP, for example http://collector:4318
    #[arg(long, env = "DAIS_OTLP_EXPORT_URL", hide_env_values = true)]
    pub otlp_export_url: Option<String>,
    /// File with a bearer token for it; or DAIS_OTLP_EXPORT_TOKEN
    #[arg(long, env = "DAIS_OTLP_EXPORT_TOKEN_FILE")]
    pub otlp_export_token_file: Option<PathBuf>,
}
