//! The templates that are there without configuration.

use crate::config::language::Language;

/// One line that heads a message.
pub fn title(language: Language) -> &'static str {
    match language {
        Language::En => {
            "[{{ 'FIRING' if status == 'firing' else 'RESOLVED' }}:{{ count }}] {{ name }}\
             {{ ' (' ~ group ~ ')' if group }}"
        }
        Language::Zh => {
            "[{{ '告警' if status == 'firing' else '恢复' }}:{{ count }}] {{ name }}\
             {{ '(' ~ group ~ ')' if group }}"
        }
    }
}

/// One alert of the group.
pub fn alert(language: Language) -> &'static str {
    match language {
        Language::En => EN,
        Language::Zh => ZH,
    }
}

const EN: &str = "\
{{ bold(name) }}{{ ' · ' ~ severity if severity }}{{ ' · resolved' if not is_firing }}\
{{ ' · acknowledged by ' ~ acknowledged_by if acknowledged_by }}
What: {{ what }}
{% if where %}
Where: {{ where }}
{% endif %}
{% if is_firing %}
Since: {{ since }} ({{ lasted }})
{% else %}
From {{ since }} to {{ until }} ({{ lasted }})
{% endif %}
{% if value %}
Value: {{ value }}
{% endif %}
{% if others %}
Labels: {{ others }}
{% endif %}
{% if runbook %}
{{ link('What to do', runbook) }}
{% endif %}
{% if address %}
{{ link('Details', address) }}
{% endif %}
";

const ZH: &str = "\
{{ bold(name) }}{{ ' · ' ~ severity if severity }}{{ ' · 已恢复' if not is_firing }}\
{{ ' · ' ~ acknowledged_by ~ ' 已认领' if acknowledged_by }}
内容:{{ what }}
{% if where %}
位置:{{ where }}
{% endif %}
{% if is_firing %}
开始:{{ since }}(已持续 {{ lasted }})
{% else %}
时间:{{ since }} 至 {{ until }}(共 {{ lasted }})
{% endif %}
{% if value %}
当前值:{{ value }}
{% endif %}
{% if others %}
标签:{{ others }}
{% endif %}
{% if runbook %}
{{ link('处理办法', runbook) }}
{% endif %}
{% if address %}
{{ link('查看详情', address) }}
{% endif %}
";

/// The note that stands for alerts that found no room.
pub fn left_out(language: Language, count: usize) -> String {
    match (language, count) {
        (Language::En, 1) => "… and 1 more alert that found no room here".to_owned(),
        (Language::En, count) => format!("… and {count} more alerts that found no room here"),
        (Language::Zh, count) => format!("……另有 {count} 条告警未列出"),
    }
}

/// A length of time in its two largest units.
pub fn lasted(language: Language, seconds: i64) -> String {
    let units = match language {
        Language::En => ["d", "h", "m", "s"],
        Language::Zh => [" 天", " 小时", " 分", " 秒"],
    };
    let seconds = seconds.max(0);
    let parts = [seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
    let first = parts.iter().position(|part| *part > 0).unwrap_or(3);
    let shown = (first..parts.len().min(first + 2)).filter(|at| *at == first || parts[*at] > 0);
    let shown: Vec<String> = shown.map(|at| format!("{}{}", parts[at], units[at])).collect();
    shown.join(" ")
}
