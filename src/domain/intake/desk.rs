//! The words of the private side: what a desk says to maintainers when a case opens, and what it is told later.
//!
//! Unlike [`super::texts`] these quote the post. They are rendered only when an effect is performed, from evidence that
//! was unsealed for it, and go to private places alone.

use jiff::Timestamp;

use super::{
    actions::{DeskNews, Leaves},
    undo::CANNOT_BE_UNDONE,
};
use crate::domain::{
    case::{Case, CaseOrigin},
    clocks,
    post::PostPlace,
};

/// Longest description that GitHub takes for an advisory or an issue, in characters (REST, "Repository security
/// advisories": 65535).
const LONGEST: usize = 65_535;

/// Room kept for everything around the quoted text.
const AROUND: usize = 6_000;

/// What stands first at a desk that has moved here: why.
pub fn moved(because: Leaves) -> &'static str {
    match because {
        Leaves::Refused => {
            "**This case goes on here.** GitHub does not let the App read or write the comments of its advisory (a preview, \
             or the permission `repository_advisories: write` is missing), so commands there are not heard."
        }
        Leaves::Published => {
            "**This case goes on here.** Its advisory is published, and GitHub takes no comments there any more."
        }
    }
}

/// A post's words, unsealed.
pub struct Quoted<'a> {
    /// Where the post stands.
    pub place: &'a PostPlace,
    /// Who wrote it.
    pub author: &'a str,
    /// When it was taken in.
    pub taken_at: Timestamp,
    /// Its title; empty where the surface has none.
    pub title: &'a str,
    /// Its body.
    pub body: &'a str,
}

/// A desk's title. Says nothing of the matter: titles turn up in lists and mails.
pub fn summary(case: &Case) -> String {
    let place = case.posts.first().map(|post| &post.place);
    let words = place.map_or("post", |place| place.surface.words());
    let number = place.filter(|place| place.thread.number > 0).map(|p| format!(" #{}", p.thread.number));
    format!("{}: {words}{} in {}", case.id, number.unwrap_or_default(), case.repository)
}

/// The line by which a desk is found again: `embargod case SEC-2026-7 of repo:12`.
pub fn reference(case: &Case) -> String {
    format!("embargod case {} of repo:{} [{}]", case.id, case.repository_id, case.opened_at)
}

/// What a desk says when its case opens.
pub fn opening(case: &Case, quoted: &Quoted<'_>) -> String {
    let mut text = String::new();
    text.push_str(opening_words(case.origin));
    text.push_str("\n\n");
    text.push_str(&quote(quoted));
    text.push_str("\n\n### What to do now\n\n");
    for item in duties(case, quoted.place) {
        text.push_str("- [ ] ");
        text.push_str(&item);
        text.push('\n');
    }
    text.push_str("\nCommands work here: `/help` lists them, `/status` shows what comes next.\n");
    if !case.posts.is_empty() {
        text.push_str(&format!(
            "\nNot a security matter? Comment `/not-security` in the public thread, or run `embargod undo {}`.\n",
            case.id
        ));
    }
    text.push_str(&format!("\n<sub>{}</sub>\n", reference(case)));
    text
}

fn opening_words(origin: CaseOrigin) -> &'static str {
    match origin {
        CaseOrigin::Shielded => {
            "A public post looked like a vulnerability report. Its words were replaced in public and are kept here; the \
             reporter is credited and invited to continue here."
        }
        CaseOrigin::Replied => {
            "A public post looks like a vulnerability report. **It is still public**: this repository's policy answers \
             such posts and does not hide them."
        }
        CaseOrigin::PullRequest => {
            "A public pull request looks as if it fixes or shows a vulnerability. **Nothing was done in public**: a diff \
             cannot be hidden, and closing good work helps nobody."
        }
        CaseOrigin::MaintainersPost => {
            "A maintainer's public post reads like a vulnerability report. **Nothing was done in public**: maintainers' \
             posts are never touched."
        }
        CaseOrigin::Reported => "Somebody reported this in private.",
        CaseOrigin::Opened => "A maintainer opened this case by hand.",
    }
}

fn duties(case: &Case, place: &PostPlace) -> Vec<String> {
    let url = &place.html_url;
    match case.origin {
        CaseOrigin::Shielded => vec![
            format!("Answer {} here: a person, not the bot.", case.reporter.login),
            format!(
                "Delete the old text from the edit history: open {url}, choose \"edited\", select the revision, \"Delete \
                 revision from history\". Only people with write access can; no App can."
            ),
            "Or delete the post altogether, where your organisation allows it (admins only).".to_owned(),
            "Keep in mind what nobody can take back: mails already sent, feeds, mirrors, forks.".to_owned(),
        ],
        CaseOrigin::Replied => vec![
            format!("Read {url} and decide whether it should stay visible."),
            "If it should not: edit it, close and lock the thread, then delete the old text from its edit history."
                .to_owned(),
        ],
        CaseOrigin::PullRequest => vec![
            format!(
                "Look at {url} and choose: go on in public (main-only or minor matters), or prepare a release at once."
            ),
            "Do not close it silently: a closed good fix is a signal, too.".to_owned(),
            "A pull request can only be removed by GitHub's support.".to_owned(),
        ],
        CaseOrigin::MaintainersPost => vec![
            format!("Look at {url} and decide whether it should go on in public."),
            "If not: move its text here, replace it there, and delete the old text from the edit history.".to_owned(),
        ],
        CaseOrigin::Reported | CaseOrigin::Opened => {
            vec![format!("Answer {} here: a person, not the bot.", case.reporter.login)]
        }
    }
}

/// What a desk is told of later events. `quoted` is there for news that carry evidence.
pub fn news(case: &Case, news: &DeskNews, quoted: Option<&Quoted<'_>>) -> String {
    let mut text = match (news, quoted) {
        (DeskNews::MoreEvidence { .. }, Some(quoted)) => {
            format!("The same public thread had another text of this kind.\n\n{}", quote(quoted))
        }
        (DeskNews::MoreEvidence { .. }, None) => {
            "The same public thread had another text of this kind; it is kept with the case.".to_owned()
        }
        (DeskNews::StillPublic { post }, _) => {
            format!(
                "**The words can still be read by everybody**: GitHub did not let the App replace them.\n\n- [ ] Edit or \
                 delete {post} by hand."
            )
        }
        (DeskNews::HistoryStillReadable { posts }, _) => {
            let list: String = posts.iter().map(|url| format!("\n- [ ] {url}")).collect();
            format!(
                "The old text can still be read in the edit history of:\n{list}\n\nOpen the post, choose \"edited\", select \
                 the revision, \"Delete revision from history\"."
            )
        }
        (DeskNews::Restored { remarks }, _) => {
            let list: String = remarks.iter().map(|remark| format!("\n- {remark}")).collect();
            format!("A maintainer said that this is no security matter. The public side was restored.\n{list}")
        }
        (DeskNews::Clock { clock, due, whom, .. }, _) => clocks::words(case, clock, *due, whom),
        (DeskNews::ClosedByHand, _) => {
            "This advisory was closed by hand; its case is still open and its clocks run.\n\nNext: `/reject REASON`, \
             `/duplicate` or `/upstream` if it is over, or open the advisory again."
                .to_owned()
        }
        (DeskNews::Release { sentence }, _) => {
            format!(
                "About a release: {sentence}.\n\nThe public check run on the tag says nothing about it. `embargod case show {}` \
                 prints the matrix.",
                case.id
            )
        }
    };
    text.push_str(&format!("\n\n<sub>{}</sub>\n", reference(case)));
    text
}

/// The words that nobody can take back, for the command line.
pub fn cannot_be_undone() -> impl Iterator<Item = &'static str> {
    CANNOT_BE_UNDONE.into_iter()
}

/// Shows a post's words so that nothing in them is rendered, mentions anybody or runs as a command.
fn quote(quoted: &Quoted<'_>) -> String {
    let body = if quoted.body.trim().is_empty() { "(no text)" } else { quoted.body };
    let kept: String = body.chars().take(LONGEST - AROUND).collect();
    let fence = "`".repeat(longest_run(&kept).max(longest_run(quoted.title)).max(2) + 1);
    let cut = if kept.len() < body.len() {
        "\n\nThe text is longer than GitHub takes; the whole is kept with the case (`embargod case show CASE --evidence`)."
    } else {
        ""
    };
    let title = if quoted.title.is_empty() {
        String::new()
    } else {
        format!("{fence}text\n{}\n{fence}\n\n", quoted.title.replace('\n', " "))
    };
    format!(
        "### Original text\n\nBy `{}`, {} {}, taken in {}.\n\n{title}{fence}markdown\n{kept}\n{fence}{cut}",
        quoted.author, "at", quoted.place.html_url, quoted.taken_at
    )
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
