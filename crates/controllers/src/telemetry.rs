//! What lets an unmodified OpenTelemetry SDK in a pod find the platform and speak for
//! its application: address, credentials, name. As the SDK's specification names them.

use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector};

use crate::context::Settings;

/// Whom a pod's spans, lines and samples belong to.
pub struct About<'a> {
    pub project: &'a str,
    pub application: &'a str,
    /// As the account is called; empty when nobody asked.
    pub user: &'a str,
    /// Environment variable of the same container, further up, that holds the token.
    pub token: &'a str,
}

/// The variables, to stand behind that of the token.
pub fn variables(about: &About<'_>, settings: &Settings) -> Vec<EnvVar> {
    let About { project, application, user, token } = about;
    let attributes = [
        ("service.namespace", *project),
        ("k8s.namespace.name", *project),
        ("dais.app", *application),
        ("dais.user", *user),
    ];
    let known = attributes.iter().filter(|(_, value)| !value.is_empty());
    let mut resource: Vec<String> =
        known.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    resource.push("k8s.pod.name=$(POD_NAME)".to_owned());
    let pod_name =
        ObjectFieldSelector { field_path: "metadata.name".to_owned(), ..Default::default() };
    let text = |name: &str, value: String| EnvVar {
        name: name.to_owned(),
        value: Some(value),
        ..EnvVar::default()
    };
    vec![
        EnvVar {
            name: "POD_NAME".to_owned(),
            value_from: Some(EnvVarSource { field_ref: Some(pod_name), ..Default::default() }),
            ..EnvVar::default()
        },
        text("OTEL_EXPORTER_OTLP_ENDPOINT", settings.platform_url.clone()),
        text("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
        // Values of headers are percent-encoded in this variable.
        text("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer%20$({token})")),
        text("OTEL_SERVICE_NAME", application.replace("$(", "$$(")),
        text("OTEL_RESOURCE_ATTRIBUTES", resource.join(",")),
    ]
}

/// Percent-encoded, as W3C Baggage has it; no reference to a variable survives it.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/@".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        match plain(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_the_list() {
        assert_eq!(encoded("ann@example.com"), "ann@example.com");
        assert_eq!(encoded("a,b=c $(X) 安"), "a%2Cb%3Dc%20%24%28X%29%20%E5%AE%89");
    }
}
