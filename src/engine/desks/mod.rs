//! Desks: the private places where people talk about a case, and where they command it. An issue of the private case
//! repository tells of its comments by webhook; an advisory is read again and again.
//!
//! What flows in: comments at desks, with who wrote them and whether they were touched since. What flows out: one commit a
//! comment (the case as [`consider`] leaves it, what ran of the comment, sealed notes, effects, the decision), and the
//! words with which performers write at a desk. What it must never do: command because of what the bot or an unknown hand
//! wrote, take `author_association` for a permission, or write at a place that is not private any more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Shop, Trouble, features::Outcome, labels, releases::proof};
use crate::domain::{
    case::{Case, CaseId, Desk, Standing},
    clocks::Moment,
    commands::{
        Comment, CommentLog, Edit, Note, Parsed, Reaction, Reading, SeriesFacts, World, acts::AnswerComment, consider,
        needs, parse,
    },
    decision::Decision,
    effect::Effect,
    embargoed::Embargoed,
    intake::flagged::{self, Label, Said},
    policy::Policy,
    post::{Account, RepoName},
    reason::Reason,
    record::{RecordWrite, Versioned},
};
use crate::store::Commit;

mod advisories;
mod notes;
mod people;
mod records;
pub(super) mod series;
pub(super) mod speak;

pub use advisories::Memory;
pub(super) use advisories::{DESK_COMMENT_EVENT, DeskComment, ReadAdvisories};
pub(super) use notes::open as open_note;
pub(super) use people::{Project, actor};
pub(super) use records::{AdvisoryWritten, DeskAnswer, DeskCard};

/// A comment at the desk of a case.
pub(super) struct AtDesk {
    /// See [`Comment::key`].
    pub(super) key: String,
    /// GitHub's number of it.
    pub(super) id: u64,
    /// Who wrote it.
    pub(super) author: Account,
    /// When it was written.
    pub(super) written_at: Timestamp,
    /// Whether it was touched since.
    pub(super) edit: Edit,
    /// Its text.
    pub(super) text: Embargoed<String>,
}

/// The case whose desk is an issue, if one's is. A repository that was renamed since is known by its number, and the desk
/// gets the new name.
pub(super) async fn case_at_issue(
    shop: &Shop,
    repository: &RepoName,
    id: u64,
    number: u64,
) -> Result<Option<Versioned<Case>>, Trouble> {
    let here = |case: &Case| match &case.desk {
        Desk::Issue { repository: at, repository_id, number: of, .. } => {
            let same_name = at.to_string().eq_ignore_ascii_case(&repository.to_string());
            *of == number && (*repository_id == id || (*repository_id == 0 && same_name))
        }
        _ => false,
    };
    let Some(mut found) = cases(shop).await?.into_iter().find(|case| here(&case.value)) else {
        return Ok(None);
    };
    if let Desk::Issue { repository: at, repository_id, .. } = &mut found.value.desk
        && (at != repository || *repository_id != id)
    {
        (*at, *repository_id) = (repository.clone(), id);
        let records = vec![RecordWrite::guarded(&found.value, found.version)];
        shop.store.commit(shop.clock.now(), Commit { records, ..Commit::default() }).await?;
        return shop.read::<Case>(found.value.id.as_str()).await;
    }
    Ok(Some(found))
}

async fn cases(shop: &Shop) -> Result<Vec<Versioned<Case>>, Trouble> {
    let stored = shop.store.records(<Case as crate::domain::record::Record>::KIND).await?;
    let read = |record: crate::store::StoredRecord| {
        // One unreadable case must not silence the desks of all others; whoever reads it by its number is told.
        let value = serde_json::from_value(record.value).ok()?;
        Some(Versioned { value, version: record.version })
    };
    Ok(stored.into_iter().filter_map(read).collect())
}

/// Decides about a comment at the desk of a case.
pub(super) async fn decide(shop: &Shop, case: Versioned<Case>, comment: AtDesk) -> Result<Outcome, Trouble> {
    let id = case.value.id.to_string();
    let outcome = |decision, sealed, policy_version| Outcome {
        decision,
        sealed,
        subject: comment.key.clone(),
        actor: Some(comment.author.login.clone()),
        policy_version,
    };
    let nothing =
        |text: &str| Decision { case: Some(id.clone()), ..Decision::nothing(Reason::new("desk.nothing", text)) };
    if comment.author.is_bot || shop.own_login() == Some(comment.author.login.as_str()) {
        return Ok(outcome(nothing("a bot wrote it"), Vec::new(), case.value.policy_version.clone()));
    }
    let now = shop.clock.now();
    let policy = &shop.policies.of_case(shop, &case.value).await?;
    let log = shop.read::<CommentLog>(&comment.key).await?;
    let mut standing = case.value.clone();
    let has_answered =
        comment.edit == Edit::Never && log.is_none() && reporter_answered(&mut standing, &comment, policy, now);
    let text = comment.text.open(&shop.clearance);
    // Nobody is asked about anybody for a comment that commands nothing.
    let commands = parse(text, &Reading { now: comment.written_at, policy });
    if commands.is_empty() && !has_answered {
        return Ok(outcome(nothing("there is no command in it"), Vec::new(), policy.version.clone()));
    }
    let mentions = needs(text, &standing, policy, comment.written_at);
    let project = Project::of(&standing);
    let author = people::actor(shop, &project, policy, &comment.author).await?;
    let mut named = BTreeMap::new();
    for login in &mentions.people {
        let actor = people::named(shop, &project, policy, login).await?;
        named.insert(login.to_ascii_lowercase(), actor);
    }
    let mut versions = BTreeMap::new();
    let mut cases = BTreeMap::new();
    for other in &mentions.cases {
        if let Some(found) = shop.read::<Case>(other.as_str()).await? {
            versions.insert(other.clone(), found.version);
            cases.insert(other.clone(), found.value);
        }
    }
    let mut lines = BTreeMap::new();
    for name in &mentions.pending_lines {
        if let Some(line) = notes::find(shop, &id, name).await? {
            lines.insert(name.clone(), line);
        }
    }
    let proof = proof(&shop.store, id.as_str()).await?;
    let asks_series = |line: &Parsed| matches!(line, Parsed::Command(command) if command.verb.asks_series);
    let series = if commands.iter().any(asks_series) {
        series::facts(shop, &standing, policy, now).await?
    } else {
        SeriesFacts::default()
    };
    let world = World {
        policy,
        now,
        series: &series,
        proof: proof.as_ref(),
        people: &named,
        cases: &cases,
        lines: &lines,
        clearance: &shop.clearance,
    };
    let told = Comment {
        key: &comment.key,
        author: &author,
        written_at: comment.written_at,
        edit: comment.edit,
        text: &comment.text,
        log: log.as_ref().map(|log| &log.value),
    };
    let considered = consider(&told, standing, &world);
    let (reply, reaction) = (considered.reply(), considered.reaction());

    let mut decision = Decision { case: Some(id.clone()), ..Decision::default() };
    let mut notes = considered.notes;
    let changed = considered.case != case.value;
    if changed || !notes.is_empty() {
        decision.records.push(RecordWrite::guarded(&considered.case, case.version));
    }
    decision.records.extend(considered.others.iter().map(|other| guarded_other(other, &versions)));
    if considered.case.verdict != case.value.verdict {
        let label = considered.case.verdict.as_ref().and_then(Label::of);
        let said = label.map(|label| Said { label, by: comment.author.login.clone(), at: now });
        let posts = considered.case.posts.iter().map(|post| post.place.post_key());
        let posts = labels::flagged(shop, posts).await?;
        decision.records.extend(flagged::said_in_private(posts, said.as_ref()));
    }
    if let Some(ran) = &considered.log {
        decision.records.push(RecordWrite::guarded(ran, log.as_ref().map_or(0, |log| log.version)));
    }
    if let Some(reaction) = reaction {
        let (answer, note) = records::next_answer(shop, &id, &comment.key).await?;
        notes.push(Note { name: note, text: Embargoed::new(reply) });
        let act = AnswerComment {
            case: id.clone(),
            comment: comment.key.clone(),
            comment_id: comment.id,
            well: reaction == Reaction::Rocket,
        };
        let key = format!("answer:{}#{}", comment.key, answer.value.notes.len());
        decision.effects.push(Effect::new(key, format!("case:{id}"), &act).for_case(&id));
        decision.records.push(RecordWrite::guarded(&answer.value, answer.version));
    }
    decision.effects.extend(considered.effects);
    decision.reasons = considered.reasons;
    if has_answered {
        decision.reasons.push(Reason::new("desk.reporter_answered", "the reporter wrote, as was asked"));
    }
    if decision.reasons.is_empty() {
        decision.reasons.push(Reason::new("desk.read", "it was read, and nothing follows from it"));
    }
    decision.outcome = match reaction {
        Some(Reaction::Rocket) => "commanded",
        Some(Reaction::Confused) => "command_refused",
        None if changed => "reporter_answered",
        None => "nothing",
    }
    .to_owned();
    let sealed = notes::seal(shop, &id, &notes, now).await?;
    Ok(outcome(decision, sealed, policy.version.clone()))
}

fn guarded_other(other: &Case, versions: &BTreeMap<CaseId, i64>) -> RecordWrite {
    RecordWrite::guarded(other, versions.get(&other.id).copied().unwrap_or_default())
}

/// Takes in that the reporter wrote something after being asked; says whether that was so.
fn reporter_answered(case: &mut Case, comment: &AtDesk, policy: &Policy, now: Timestamp) -> bool {
    let asked = case.people.asked_reporter_at.is_some_and(|asked| comment.written_at >= asked);
    if !asked || comment.author.id == 0 || comment.author.id != case.reporter.id {
        return false;
    }
    let before = Standing::of(case);
    case.people.asked_reporter_at = None;
    case.pass(&[Moment::ReporterAnswered], policy, now);
    case.settle(&before, now);
    true
}
