//! Can histories be mirrored, so that release tags are looked at?

use super::{super::facts::Facts, Finding};

const ID: &str = "mirrors";
const SOURCE: &str = "setting mirrors.folder";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let Some(mirrors) = &facts.local.mirrors else {
        return vec![Finding::note(
            ID,
            SOURCE,
            "no release tag is looked at: no folder for mirrors is set",
            "set mirrors.folder where the program git is installed; see docs/release-checks.md",
        )];
    };
    let mut findings = Vec::new();
    if let Err(why) = &mirrors.git {
        findings.push(Finding::problem(
            "mirrors.git",
            SOURCE,
            format!("the program git cannot be used: {why}"),
            "install git 2.30 or newer for the server's user, or take mirrors.folder out",
        ));
    }
    if let Err(why) = &mirrors.folder {
        findings.push(Finding::problem(
            ID,
            SOURCE,
            format!("the folder for mirrors cannot be used: {why}"),
            "make it, or its parent folder, writable for the server's user",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(ID, SOURCE, "histories can be mirrored"));
    }
    findings
}
