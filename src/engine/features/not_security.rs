//! `/not-security` by a maintainer on a public thread: undo, answered by a reaction alone.

use async_trait::async_trait;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::{Delivery, Feature, Outcome, operator, revision};
use crate::{
    domain::{
        case::Case,
        intake::{
            record::{PostRecord, ThreadRecord},
            undo::{self, Asked},
        },
        post::{Happening, Permission, Post},
        record::RecordWrite,
    },
    engine::{Shop, Trouble, labels},
};

/// See the module.
pub(super) struct NotSecurity;

#[async_trait]
impl Feature for NotSecurity {
    fn name(&self) -> &'static str {
        "not_security"
    }

    async fn consider(&self, shop: &Shop, delivery: &Delivery) -> Result<Option<Outcome>, Trouble> {
        let Some(post) = delivery.post() else {
            return Ok(None);
        };
        // Anybody with write access can edit anybody's comment, so an edited comment is no command.
        let is_candidate = post.happening == Happening::Created
            && !post.place.surface.opens_thread()
            && post.repository_is_public
            && !post.author.is_bot;
        if !is_candidate || !says_it(post, shop) {
            return Ok(None);
        }
        let place = &post.place;
        let thread = shop.read::<ThreadRecord>(&place.thread_key()).await?;
        let case = match thread.as_ref().and_then(|thread| thread.value.case.clone()) {
            Some(id) => shop.read::<Case>(&id).await?.filter(|case| case.value.restored_at.is_none()),
            None => None,
        };
        let answered = thread.as_ref().is_some_and(|thread| thread.value.answered_at.is_some());
        let permission = if case.is_some() || answered {
            let installation = shop.github.installation(place.installation_id);
            Some(installation.permission_of(&place.repository, &post.author.login).await?)
        } else {
            None
        };
        let mut decision = match (case, permission) {
            (Some(case), Some(permission)) => {
                let asked = Asked::InPublic { comment: place, permission };
                operator::decide_undo(shop, &case, &asked, &post.author.login).await?
            }
            (_, permission) => {
                let may = permission.is_some_and(Permission::is_maintainer);
                let flagged = thread.filter(|_| may).map(|thread| thread.value.flagged).unwrap_or_default();
                let labelled = labels::in_public(shop, place.repository_id, flagged.into_iter()).await?;
                undo::without_case(post, permission, answered, labelled, shop.clock.now())
            }
        };
        // Whoever looks for posts of which nobody told must not take the command for one.
        let known = shop.read::<PostRecord>(&place.post_key()).await?;
        if known.is_none() && !decision.records.iter().any(|write| write.key == place.post_key()) {
            let record = PostRecord {
                key: place.post_key(),
                revision: revision(post, &shop.sealer, &shop.clearance),
                ..PostRecord::default()
            };
            decision.records.push(RecordWrite::guarded(&record, 0));
        }
        Ok(Some(Outcome {
            decision,
            sealed: Vec::new(),
            subject: place.post_key(),
            actor: Some(post.author.login.clone()),
            policy_version: String::new(),
        }))
    }
}

fn says_it(post: &Post, shop: &Shop) -> bool {
    let body = &post.text.open(&shop.clearance).body;
    body.contains("/not-security") && undo::asks_for_undo(own_lines(body).iter().map(String::as_str))
}

/// The lines of a comment's own prose: nothing in code, quotes, HTML or links counts.
fn own_lines(markdown: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut foreign = 0_usize;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::BlockQuote(_) | Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::Link { .. }) => foreign += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::CodeBlock | TagEnd::HtmlBlock | TagEnd::Link) => {
                foreign = foreign.saturating_sub(1);
            }
            Event::Start(Tag::Paragraph | Tag::Item) | Event::SoftBreak | Event::HardBreak => lines.push(String::new()),
            Event::Text(text) if foreign == 0 => {
                if let Some(line) = lines.last_mut() {
                    line.push_str(&text);
                }
            }
            // Inline code or HTML at the start of a line makes it something else than a command.
            Event::Code(_) | Event::InlineHtml(_) => {
                if let Some(line) = lines.last_mut() {
                    line.push('\u{fffc}');
                }
            }
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(markdown: &str) -> bool {
        undo::asks_for_undo(own_lines(markdown).iter().map(String::as_str))
    }

    #[test]
    fn the_command_counts_at_the_start_of_a_line_of_ones_own_words() {
        assert!(says("/not-security"));
        assert!(says("Thanks, but\n/not-security please"));
        assert!(says("   /not-security\n"));
        for other in [
            "> /not-security",
            "`/not-security`",
            "```\n/not-security\n```",
            "    /not-security",
            "please /not-security",
            "/not-securityx",
            "<!--\n/not-security\n-->",
            "[/not-security](https://example.org)",
        ] {
            assert!(!says(other), "{other}");
        }
    }
}
