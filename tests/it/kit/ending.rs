//! How a story ended: what two runs of one story must have in common, whatever went wrong on the way.

use embargod::{
    domain::{case::Desk, intake::texts},
    standin::LoggedRequest,
};

use super::{REPO, World};

/// What everybody, and what the maintainers, see of a shielded thread at last. Without case numbers, which may have gaps,
/// and without what hangs on the world: the stand-in's address, its canary, the mark under its own sealing key.
#[derive(Debug, PartialEq, Eq)]
pub struct Ending {
    title: String,
    body: String,
    open: bool,
    state_reason: Option<String>,
    locked: bool,
    comments: Vec<(String, String)>,
    folded: Vec<bool>,
    /// State, collaborators, credited people, and number of comments of each advisory.
    advisories: Vec<(String, Vec<String>, Vec<String>, usize)>,
    /// The desk of each case in a word, and its number of posts.
    cases: Vec<(&'static str, usize)>,
    alerts: usize,
}

impl Ending {
    /// Whether the opening post is out of sight.
    pub fn is_shielded(&self) -> bool {
        self.body == texts::NEUTRAL_BODY && self.title == texts::NEUTRAL_TITLE && self.locked && !self.open
    }
}

impl World {
    /// See [`Ending`].
    pub async fn ending(&self, number: u64) -> Ending {
        let thread = self.thread(number);
        let mut advisories = self.github.advisories(REPO).expect("the repository exists");
        // Which of two cases came first is nothing to hold on to.
        advisories.sort_by(|a, b| a.collaborators.cmp(&b.collaborators));
        let cases = self.cases().await;
        let mut cases: Vec<_> = cases.iter().map(|case| (desk_word(&case.desk), case.posts.len())).collect();
        cases.sort_unstable();
        Ending {
            comments: thread
                .comment_texts()
                .into_iter()
                .map(|(author, text)| (author, self.worldless(&text)))
                .collect(),
            folded: thread.comments.iter().map(|comment| comment.post.minimised.is_some()).collect(),
            title: thread.title.replace(self.canary.word(), "canary"),
            body: thread.post.body.replace(self.canary.word(), "canary"),
            open: thread.open,
            state_reason: thread.state_reason,
            locked: thread.locked,
            advisories: advisories
                .into_iter()
                .map(|advisory| {
                    (
                        advisory.state.as_str().to_owned(),
                        advisory.collaborators,
                        advisory.credits.into_iter().map(|c| c.login).collect(),
                        advisory.comments.len(),
                    )
                })
                .collect(),
            cases,
            alerts: self.alerts().await.len(),
        }
    }

    fn worldless(&self, text: &str) -> String {
        let text = text.replace(&self.github.web_url(), "https://github.com");
        let mark = text.find("<!-- embargod:").unwrap_or(text.len());
        text[..mark].trim_end().to_owned()
    }

    /// The calls that made something new on GitHub, whether or not their answer arrived; each should be there once.
    pub fn made(&self) -> Vec<String> {
        let makes = |request: &LoggedRequest| request.mutates && request.method == "POST" && request.status == 201;
        let mut made: Vec<String> =
            self.github.requests().into_iter().filter(makes).map(|request| request.path).collect();
        made.sort();
        made
    }
}

fn desk_word(desk: &Desk) -> &'static str {
    match desk {
        Desk::Pending => "pending",
        Desk::Advisory { .. } => "advisory",
        Desk::Issue { .. } => "issue",
        Desk::AlertOnly => "alert only",
    }
}
