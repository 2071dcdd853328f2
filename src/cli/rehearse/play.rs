//! Plays one scene and holds what came of it against the story's demand.

use super::{
    Stage,
    story::{Act, Demand, REPOSITORY, Scene},
};
use crate::{
    domain::{
        decision::DecisionRecord,
        detector::{Detector, builtin},
        intake::{IntakeClass, texts},
        reason::Reason,
    },
    standin::{Advisory, AdvisoryState, LoggedRequest, Outcome, Thread},
};

/// What came of a scene.
pub(super) struct Came {
    /// The scene's name.
    pub name: &'static str,
    /// What was done, in one line.
    pub what: String,
    /// Number of the thread.
    pub number: u64,
    /// The class of the post.
    pub class: IntakeClass,
    /// The probability that it belongs in private.
    pub score: f64,
    /// The decision in one word.
    pub outcome: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What was done in public, exact texts included.
    pub public: Vec<String>,
    /// What was done in private.
    pub private: Vec<String>,
    /// Time from the delivery to the first protecting call, in milliseconds.
    pub protected_after_ms: Option<f64>,
    /// Calls to GitHub's API.
    pub calls: usize,
    /// Where it did not go as demanded; empty if it did.
    pub complaints: Vec<String>,
    /// GitHub's number of the delivery that brought the post.
    pub delivery: u64,
}

/// What everybody, and what maintainers, could see at one moment.
struct Sight {
    thread: Option<Thread>,
    advisories: Vec<Advisory>,
}

/// Plays the scene at `index`; `earlier` is what came of those before it.
pub(super) async fn scene(stage: &Stage, scenes: &[Scene], index: usize, earlier: &[Came]) -> Result<Came, String> {
    let Scene { name, act, demand } = &scenes[index];
    let github = &stage.github;
    let refused = |refusal| format!("{name}: the stand-in refused: {refusal}");
    let known = number_before(act, earlier);
    let before = see(stage, known);
    let (requests, deliveries) = (github.mark(), github.deliveries().len());
    let number = perform(stage, act, earlier).map_err(refused)?;
    stage.settled().await.map_err(|problem| format!("{name}: {problem}"))?;
    let after = see(stage, Some(number));

    let (title, body) = words(scenes, act);
    let judgement = builtin().judge(title, body);
    let delivery = github.deliveries().get(deliveries).cloned();
    let asked: Vec<_> = github.requests_since(requests).into_iter().filter(is_about_posts).collect();
    let first_protecting = asked.iter().find(|request| request.mutates && protects(request));
    let protected_after_ms = delivery
        .as_ref()
        .zip(first_protecting)
        .map(|(delivery, request)| request.at.duration_since(delivery.at).as_secs_f64() * 1_000.0);
    let decision = match (&delivery, act) {
        // GitHub repeats the GUID, and the receiver knows it: nothing is decided a second time.
        (_, Act::DeliverAgain { .. }) | (None, _) => None,
        (Some(delivery), _) => decision_about(stage, &delivery.guid).await?,
    };
    let undecided = if matches!(act, Act::DeliverAgain { .. }) { "known" } else { "nothing" };
    let mut came = Came {
        name,
        what: what(act, number),
        number,
        class: judgement.class,
        score: judgement.score(),
        outcome: decision.as_ref().map_or_else(|| undecided.to_owned(), |decision| decision.outcome.clone()),
        reasons: decision.map(|decision| decision.reasons).unwrap_or_default(),
        public: public_changes(stage, &before, &after),
        private: private_changes(&before, &after),
        protected_after_ms: protected_after_ms.filter(|_| demand.moved),
        calls: asked.len(),
        complaints: Vec::new(),
        delivery: delivery.map_or(0, |delivery| delivery.id),
    };
    came.complaints = complaints(stage, demand, act, &before, &after, &came);
    Ok(came)
}

fn number_before(act: &Act, earlier: &[Came]) -> Option<u64> {
    match act {
        Act::Issue { .. } | Act::Pull { .. } => None,
        Act::Edit { scene, .. } | Act::Comment { scene, .. } | Act::DeliverAgain { scene, .. } => {
            earlier.get(*scene).map(|came| came.number)
        }
    }
}

fn perform(stage: &Stage, act: &Act, earlier: &[Came]) -> Outcome<u64> {
    let github = &stage.github;
    let number = number_before(act, earlier).unwrap_or_default();
    match act {
        Act::Issue { by, title, body } => github.open_issue(REPOSITORY, by, title, body),
        Act::Pull { by, title, body } => {
            github.open_pull_request(REPOSITORY, by, title, body, "escape-names", "Escape names on the profile page")
        }
        Act::Edit { by, title, body, .. } => {
            github.edit_thread(REPOSITORY, number, by, Some(title), Some(body)).map(|()| number)
        }
        Act::Comment { by, body, .. } => github.comment(REPOSITORY, number, by, body).map(|_| number),
        Act::DeliverAgain { scene, times } => {
            for _ in 0..*times {
                github.redeliver(earlier[*scene].delivery);
            }
            Ok(number)
        }
    }
}

fn words<'a>(scenes: &'a [Scene], act: &'a Act) -> (&'a str, &'a str) {
    match act {
        Act::Issue { title, body, .. } | Act::Pull { title, body, .. } | Act::Edit { title, body, .. } => (title, body),
        Act::Comment { body, .. } => ("", body),
        Act::DeliverAgain { scene, .. } => words(scenes, &scenes[*scene].act),
    }
}

fn what(act: &Act, number: u64) -> String {
    match act {
        Act::Issue { by, title, .. } => format!("{by} opens issue #{number}: {title}"),
        Act::Pull { by, title, .. } => format!("{by} opens pull request #{number}: {title}"),
        Act::Edit { by, .. } => format!("{by} edits issue #{number}"),
        Act::Comment { by, .. } => format!("{by} comments under issue #{number}"),
        Act::DeliverAgain { times, .. } => {
            format!("GitHub delivers the webhook of #{number} {times} times more")
        }
    }
}

fn see(stage: &Stage, number: Option<u64>) -> Sight {
    Sight {
        thread: number.and_then(|number| stage.github.thread(REPOSITORY, number).ok()),
        advisories: stage.github.advisories(REPOSITORY).unwrap_or_default(),
    }
}

/// What the server asks at its start (who it is, which deliveries it missed) is no post's cost.
fn is_about_posts(request: &LoggedRequest) -> bool {
    request.path != "/app" && !request.path.starts_with("/app/hook") && !is_looking(request)
}

/// Looking by the clock: for reports that nobody told of, and for what is written at desks.
fn is_looking(request: &LoggedRequest) -> bool {
    let looks = request.path.ends_with("/security-advisories")
        || request.path.contains("/security-advisories/") && request.path.ends_with("/comments")
        || matches!(request.path.as_str(), "/app/installations" | "/installation/repositories");
    looks && request.method == "GET"
}

/// Taking words out of sight: an edit, by REST or GraphQL.
fn protects(request: &LoggedRequest) -> bool {
    request.method == "PATCH" && !request.path.contains("security-advisories") || request.path == "/graphql"
}

async fn decision_about(stage: &Stage, guid: &str) -> Result<Option<DecisionRecord>, String> {
    let decisions = stage.running.engine.shop().store.decisions(None, u32::MAX).await;
    Ok(decisions.map_err(|error| error.to_string())?.into_iter().find(|decision| decision.cause == guid))
}

/// The bot's constant comments in a thread, without their invisible mark.
fn said(stage: &Stage, sight: &Sight) -> Vec<String> {
    let bot = stage.github.bot_login();
    let comments = sight.thread.as_ref().map(Thread::comment_texts).unwrap_or_default();
    let visible = |text: String| text.split("<!--").next().unwrap_or_default().trim_end().to_owned();
    comments.into_iter().filter(|(author, _)| *author == bot).map(|(_, text)| visible(text)).collect()
}

fn moved_comments(sight: &Sight) -> usize {
    let comments = sight.thread.as_ref().map(Thread::comment_texts).unwrap_or_default();
    comments.iter().filter(|(_, text)| text == texts::NEUTRAL_BODY).count()
}

fn is_moved(sight: &Sight) -> bool {
    sight.thread.as_ref().is_some_and(|thread| thread.body() == texts::NEUTRAL_BODY)
}

fn public_changes(stage: &Stage, before: &Sight, after: &Sight) -> Vec<String> {
    let mut changes = Vec::new();
    if is_moved(after) && !is_moved(before) {
        changes.push(format!("title replaced by: {}", texts::NEUTRAL_TITLE));
        changes.push(format!("body replaced by: {}", texts::NEUTRAL_BODY));
    }
    if moved_comments(after) > moved_comments(before) {
        changes.push(format!("comment replaced by: {}", texts::NEUTRAL_BODY));
    }
    let open = |sight: &Sight| sight.thread.as_ref().is_none_or(|thread| thread.open);
    let locked = |sight: &Sight| sight.thread.as_ref().is_some_and(|thread| thread.locked);
    if open(before) && !open(after) {
        changes.push("closed".to_owned());
    }
    if !locked(before) && locked(after) {
        changes.push("locked".to_owned());
    }
    changes
        .extend(said(stage, after).into_iter().skip(said(stage, before).len()).map(|text| format!("comment: {text}")));
    changes
}

fn private_changes(before: &Sight, after: &Sight) -> Vec<String> {
    let new = after.advisories.iter().filter(|advisory| before.advisories.iter().all(|old| old.id != advisory.id));
    new.filter(|advisory| advisory.state == AdvisoryState::Draft)
        .map(|advisory| {
            let invited = match advisory.collaborators.as_slice() {
                [] => "nobody invited".to_owned(),
                people => format!("{} invited", people.join(", ")),
            };
            let credited = match advisory.credits.first() {
                Some(credit) => format!("{} credited", credit.login),
                None => "nobody credited".to_owned(),
            };
            format!("draft advisory \"{}\" with the original text; {credited}, {invited}", advisory.summary)
        })
        .collect()
}

fn complaints(stage: &Stage, demand: &Demand, act: &Act, before: &Sight, after: &Sight, came: &Came) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut hold = |holds: bool, what: &str| {
        if !holds {
            complaints.push(what.to_owned());
        }
    };
    hold(came.class == demand.class, &format!("the class should be {}", demand.class.slug()));
    let moved = (is_moved(after) && !is_moved(before)) || moved_comments(after) > moved_comments(before);
    hold(moved == demand.moved, if demand.moved { "its words are still public" } else { "its words were touched" });
    if demand.closed_and_locked {
        let shut = after.thread.as_ref().is_some_and(|thread| !thread.open && thread.locked);
        hold(shut, "the thread is not closed and locked");
    } else if !matches!(act, Act::DeliverAgain { .. }) {
        hold(after.thread.as_ref().is_some_and(|thread| thread.open && !thread.locked), "the thread was shut");
    }
    let new = said(stage, after).split_off(said(stage, before).len());
    match demand.says {
        Some(_) => hold(new.len() == 1, "it should be answered by exactly one comment"),
        None => hold(new.is_empty(), "nothing should be said in public"),
    }
    let confirms = |text: &String| ["vulnerab", "GHSA", "SEC-", "CVE"].iter().any(|word| text.contains(word));
    hold(!new.iter().any(confirms), "the comment confirms something");
    hold(came.private.len() == usize::from(demand.case), "the private case is not as demanded");
    let kept = |advisory: &Advisory| match act {
        Act::Issue { body, .. } | Act::Pull { body, .. } | Act::Edit { body, .. } | Act::Comment { body, .. } => {
            advisory.description.contains(body)
        }
        Act::DeliverAgain { .. } => true,
    };
    hold(!demand.case || after.advisories.iter().any(kept), "the original text is not in the private case");
    hold(!demand.moved || came.protected_after_ms.is_some(), "no protecting call was seen");
    hold(came.calls < 10, "a post should cost fewer than ten calls");
    complaints
}
