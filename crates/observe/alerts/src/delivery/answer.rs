//! What an answer means. Some services say no with HTTP 200 and a code of their own.

use serde_json::Value;

use super::post::Said;
use super::{Outcome, Verdict};

/// This much of an answer is kept, in characters.
const EXCERPT: usize = 1000;

/// A service's code in the body of its answer: where it stands, and which values mean that a
/// later try may go better. 0 means success.
pub struct Codes {
    pub fields: &'static [&'static str],
    pub transient: &'static [i64],
}

/// -1 is "system busy"; the others are its limits of messages a minute.
pub const DINGTALK: Codes = Codes { fields: &["errcode"], transient: &[-1, 130_101, 410_100] };
/// -1 is "system busy", 45009 and 45033 are limits of calls and of calls at once.
pub const WECOM: Codes = Codes { fields: &["errcode"], transient: &[-1, 45_009, 45_033] };
/// 11232 is its limit of messages a minute. Older robots answer `StatusCode`.
pub const FEISHU: Codes = Codes { fields: &["code", "StatusCode"], transient: &[11_232] };

/// By the status alone.
pub fn judge(said: Said) -> Outcome {
    let verdict = verdict(said.status);
    let answer = match verdict {
        Verdict::Refused if (300..400).contains(&said.status) => {
            "it answers with a redirect, which is not followed; write the address that it leads to"
                .to_owned()
        }
        _ => excerpt(&said.body),
    };
    Outcome { verdict, status: Some(said.status), code: None, answer }
}

/// By the status and, where that is a success, the code.
pub fn judge_code(said: Said, codes: &Codes) -> Outcome {
    let body: Option<Value> = serde_json::from_str(&said.body).ok();
    let code = body.as_ref().and_then(|body| {
        codes.fields.iter().find_map(|field| body.get(*field).and_then(Value::as_i64))
    });
    let outcome = judge(said);
    let verdict = match (outcome.verdict, code) {
        (_, Some(code)) if codes.transient.contains(&code) => Verdict::Retry,
        (Verdict::Delivered, Some(0)) => Verdict::Delivered,
        // Without the code nothing says that the message was taken.
        (Verdict::Delivered, _) => Verdict::Refused,
        (other, _) => other,
    };
    Outcome { verdict, code, ..outcome }
}

fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Delivered,
        408 | 425 | 429 | 500..=599 => Verdict::Retry,
        _ => Verdict::Refused,
    }
}

pub fn excerpt(text: &str) -> String {
    let mut excerpt: String = text.chars().take(EXCERPT).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Said {
        Said { status, body: body.to_owned() }
    }

    #[test]
    fn a_refusal_with_200_is_a_refusal() {
        for (codes, body, verdict, code) in [
            (DINGTALK, r#"{"errcode":0,"errmsg":"ok"}"#, Verdict::Delivered, Some(0)),
            (
                DINGTALK,
                r#"{"errcode":310000,"errmsg":"sign not match"}"#,
                Verdict::Refused,
                Some(310_000),
            ),
            (
                DINGTALK,
                r#"{"errcode":130101,"errmsg":"send too fast"}"#,
                Verdict::Retry,
                Some(130_101),
            ),
            (
                WECOM,
                r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#,
                Verdict::Refused,
                Some(93_000),
            ),
            (
                WECOM,
                r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#,
                Verdict::Retry,
                Some(45_009),
            ),
            (FEISHU, r#"{"code":0,"msg":"success"}"#, Verdict::Delivered, Some(0)),
            (FEISHU, r#"{"StatusCode":0}"#, Verdict::Delivered, Some(0)),
            (FEISHU, r#"{"code":19021,"msg":"sign match fail"}"#, Verdict::Refused, Some(19_021)),
            (FEISHU, "<html>hello</html>", Verdict::Refused, None),
        ] {
            let outcome = judge_code(said(200, body), &codes);
            assert_eq!((outcome.verdict, outcome.code), (verdict, code), "{body}");
            assert_eq!(outcome.answer, body);
        }
    }

    #[test]
    fn statuses() {
        for (status, verdict) in [
            (200, Verdict::Delivered),
            (204, Verdict::Delivered),
            (302, Verdict::Refused),
            (400, Verdict::Refused),
            (404, Verdict::Refused),
            (429, Verdict::Retry),
            (500, Verdict::Retry),
            (503, Verdict::Retry),
        ] {
            assert_eq!(judge(said(status, "")).verdict, verdict, "{status}");
        }
        let long = "x".repeat(5000);
        assert!(judge(said(500, &long)).answer.len() < 1100);
    }
}
