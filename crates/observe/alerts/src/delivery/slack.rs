//! Slack's incoming webhooks: one attachment, coloured by what happens.

use serde_json::{Value, json};

use super::answer::judge;
use super::post::post;
use super::{Bag, Outcome};
use crate::config::receiver::Slack;
use crate::template::{Format, Words};

/// Slack folds and then cuts longer texts, in characters.
const TEXT: usize = 3000;
const TITLE: usize = 250;

pub(super) async fn send(bag: &Bag<'_>, slack: &Slack) -> Result<Outcome, String> {
    let (request, address) = bag.courier.request(&slack.url, &[])?;
    let words = bag.words(Format::Mrkdwn)?;
    let body = body(&words, slack, bag.message.firing() > 0, &bag.courier.external_url);
    Ok(post(request, &body, &[&address]).await.map_or_else(|lost| lost, judge))
}

fn body(words: &Words, slack: &Slack, is_firing: bool, link: &str) -> Value {
    let title: String = words.title.chars().take(TITLE).collect();
    let mut body = json!({
        "attachments": [{
            "color": if is_firing { "danger" } else { "good" },
            "fallback": title,
            "title": title,
            "title_link": link,
            "text": words.fit(TEXT, |text| text.chars().count()),
            "mrkdwn_in": ["text"],
        }],
    });
    for (name, value) in [
        ("channel", &slack.channel),
        ("username", &slack.username),
        ("icon_emoji", &slack.icon_emoji),
        ("icon_url", &slack.icon_url),
    ] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    body
}
