//! Are secrets there, and closed to others?

use super::{
    super::facts::{Facts, KeyFile, KeyFileState},
    Finding,
};

const OTHERS: u32 = 0o007;

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let local = &facts.local;
    let mut findings = vec![secrets(local.webhook_secret_count)];
    findings.extend(file("keys.private_key", "setting github.private_key_path", &local.private_key));
    findings.extend(file("keys.sealing", "setting sealing.key_path", &local.sealing_key));
    if let Err(why) = &local.sealing_key_usable {
        findings.push(Finding::problem(
            "keys.sealing",
            "setting sealing.key_path",
            why.clone(),
            "make a key with `embargod seal init --out PATH`; if evidence was sealed before, restore that key instead",
        ));
    }
    findings
}

fn secrets(count: usize) -> Finding {
    const ID: &str = "keys.webhook_secret";
    const SOURCE: &str = "setting github.webhook_secrets";
    match count {
        0 => Finding::problem(
            ID,
            SOURCE,
            "no webhook secret is set, so every delivery is refused",
            "set github.webhook_secrets to the secret on the App's settings page",
        ),
        1 => Finding::ok(ID, SOURCE, "one webhook secret is set"),
        count => Finding::note(
            ID,
            SOURCE,
            format!("{count} webhook secrets are accepted"),
            "after a rotation, take the old one out of github.webhook_secrets",
        ),
    }
}

fn file(id: &'static str, source: &'static str, file: &KeyFile) -> Option<Finding> {
    let path = file.path.as_ref()?.display();
    Some(match file.state {
        KeyFileState::Unknown => return None,
        KeyFileState::Missing => Finding::problem(
            id,
            source,
            format!("there is no readable file at {path}"),
            "correct the setting, or restore the file",
        ),
        KeyFileState::Mode(mode) if mode & OTHERS != 0 => Finding::problem(
            id,
            source,
            format!("everybody on this machine may open {path} (mode {mode:03o})"),
            format!("chmod 600 {path}, and replace the key if others have access to the machine"),
        ),
        KeyFileState::Mode(mode) => Finding::ok(id, source, format!("{path} is closed to others (mode {mode:03o})")),
    })
}
