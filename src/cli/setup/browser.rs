//! Opens the page in a browser, where there is one.

use std::process::{Command, Stdio};

/// Tries to; the address is printed anyway, so that failing does no harm.
pub(super) fn open(address: &str) {
    let (program, first): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let started = Command::new(program)
        .args(first)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(mut child) = started {
        // somebody must collect it when it ends
        std::thread::spawn(move || child.wait());
    }
}
