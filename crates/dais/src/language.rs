//! Which language the command line speaks: Chinese where the locale says so.

use std::sync::OnceLock;

/// Chooses between the two languages that dais speaks.
pub fn say<'a>(english: &'a str, chinese: &'a str) -> &'a str {
    if is_chinese() { chinese } else { english }
}

pub fn is_chinese() -> bool {
    static CHINESE: OnceLock<bool> = OnceLock::new();
    *CHINESE.get_or_init(|| {
        // The order in which POSIX looks for the locale of messages.
        let names = ["DAIS_LANG", "LC_ALL", "LC_MESSAGES", "LANG"];
        let chosen =
            names.iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        chosen.is_some_and(|locale| locale.starts_with("zh"))
    })
}
