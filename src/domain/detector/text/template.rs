//! What a template, a form or a log looks like: the project's and the machine's voice, not the writer's.

/// Headings that issue forms, PR templates and advisory forms ask everybody to fill in.
const FORM_HEADINGS: &[&str] = &[
    "describe the bug",
    "description",
    "bug description",
    "to reproduce",
    "steps to reproduce",
    "reproduction",
    "reproduction steps",
    "how to reproduce",
    "expected behavior",
    "expected behaviour",
    "actual behavior",
    "actual behaviour",
    "current behavior",
    "expected result",
    "actual result",
    "screenshots",
    "additional context",
    "environment",
    "system information",
    "version",
    "versions",
    "operating system",
    "desktop",
    "smartphone",
    "logs",
    "checklist",
    "motivation",
    "test plan",
    "testing",
    "related issues",
    "related issue",
    "type of change",
    "changes",
    "what does this pr do",
    "how has this been tested",
    "security",
    "security impact",
    "security considerations",
    "security checklist",
    "security issue",
    "is this a security issue",
    "security implications",
    "security notes",
    "security review",
    "vulnerability",
    "does this affect security",
    "code of conduct",
    "acceptance criteria",
    "possible solution",
    "context",
    "category",
    "severity",
    "is there an existing issue for this",
    "summary",
];

pub(super) fn is_form_heading(heading: &str) -> bool {
    let bare = heading.trim_matches(|c: char| !c.is_alphanumeric());
    FORM_HEADINGS.contains(&bare)
}

/// What forms put under a heading that nobody filled in.
pub(super) fn is_empty_answer(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| !c.is_alphanumeric());
    matches!(bare, "no response" | "n/a" | "na" | "none" | "no" | "yes" | "")
}

/// Beginnings of the sentences that a template makes everybody tick.
const PROMISES: &[&str] = &[
    "i have",
    "i've",
    "i agree",
    "i am",
    "i'm",
    "i confirm",
    "i understand",
    "i checked",
    "i searched",
    "i read",
    "i will",
    "this is not",
    "this issue",
    "this pr",
    "this does not",
    "no security",
    "not a security",
    "my code",
    "my change",
    "code of conduct",
    "bug",
    "new feature",
    "security",
    "breaking change",
    "documentation",
    "tests",
    "refactor",
    "searched",
    "yes",
    "no",
    "none of the above",
    "not applicable",
];

pub(super) fn is_template_promise(item: &str) -> bool {
    let bare = item.trim_start_matches(|c: char| !c.is_alphanumeric());
    PROMISES.iter().any(|promise| bare.starts_with(promise))
}

/// Stack frames, sanitizer lines and time-stamped log lines that nobody fenced.
pub(super) fn looks_like_log(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    line.starts_with("at ") && line.ends_with(')') && line.contains('.')
        || bytes.first() == Some(&b'#') && digit(1) && line.contains(" 0x")
        || line.starts_with("==") && digit(2)
        || line.starts_with("traceback (most recent")
        || line.starts_with("goroutine ") && line.ends_with(':')
        || digit(0) && digit(3) && bytes.get(4) == Some(&b'-') && digit(5) && line.contains(':')
        || bytes.first() == Some(&b'[') && digit(1) && line.contains(':')
}
