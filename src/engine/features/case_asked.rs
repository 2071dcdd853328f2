//! `/case open` at an issue of a private case repository that is no desk yet.

use super::{Delivery, Outcome, doors};
use crate::{
    domain::{
        case::{CaseOrigin, Desk, Opening},
        commands::{CaseAsked, Reading, acts::RefuseCase, case_asked_for, parse},
        decision::Decision,
        doors::open_by_hand,
        effect::Effect,
        embargoed::Clearance,
        policy::Policy,
        post::{Account, Happening, Post, RepoName},
        reason::Reason,
        record::RecordWrite,
    },
    engine::{
        Shop, Trouble,
        desks::{Project, actor},
        evidence::{self, Evidence, REPORT},
    },
    github::RepositoryFacts,
};

/// From this age on the command has to be given again.
const LATE_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// A repository that the private one serves, with its policy.
struct Served {
    facts: RepositoryFacts,
    policy: Policy,
}

/// Opens the case that a comment asks for, or says why there is none. `None` where it asks for nothing.
pub(super) async fn consider(shop: &Shop, delivery: &Delivery, post: &Post) -> Result<Option<Outcome>, Trouble> {
    let is_ours = post.author.is_bot || shop.own_login() == Some(post.author.login.as_str());
    if is_ours || post.happening != Happening::Created || !asks(post, &shop.clearance) {
        return Ok(None);
    }
    let now = shop.clock.now();
    let served = served(shop, post).await?;
    let text = post.text.open(&shop.clearance).body.clone();
    let mut why = None;
    // Its roles are those of the project that it is about, which is known only once it was read.
    for one in &served {
        let place = Project { installation_id: post.place.installation_id, repository: one.facts.name.clone() };
        let author = actor(shop, &place, &one.policy, &post.author).await?;
        let reading = Reading { now: post.created_at, policy: &one.policy };
        match case_asked_for(&text, &author, &reading) {
            CaseAsked::Nothing => return Ok(None),
            CaseAsked::Refused(reason) => why = why.or(Some(reason)),
            CaseAsked::Open(Some(named)) if named != one.facts.name => {}
            CaseAsked::Open(None) if served.len() > 1 => {
                why =
                    Some(format!("This repository serves several: {}. Next: `/case open owner/name`", names(&served)));
            }
            CaseAsked::Open(_) if now.duration_since(post.created_at) > LATE_AFTER => {
                why =
                    Some("This comment was over 15 minutes old when it arrived. Next: `/case open` again.".to_owned());
            }
            CaseAsked::Open(_) => return open(shop, delivery, post, one).await.map(Some),
        }
    }
    let why = why.unwrap_or_else(|| match served.as_slice() {
        [] => "No policy names this repository as its `desk.repository`, so it serves no project.".to_owned(),
        served => format!("This repository serves {}, and no other.", names(served)),
    });
    Ok(Some(refused(post, why)))
}

/// Whether the text holds the command at all, whatever the policy.
fn asks(post: &Post, clearance: &Clearance) -> bool {
    let policy = Policy::observing();
    let reading = Reading { now: post.created_at, policy: &policy };
    parse(&post.text.open(clearance).body, &reading).iter().any(|line| line.verb_name() == Some("case"))
}

fn names(served: &[Served]) -> String {
    served.iter().map(|one| format!("`{}`", one.facts.name)).collect::<Vec<_>>().join(", ")
}

/// The public repositories whose policy names the private one.
async fn served(shop: &Shop, post: &Post) -> Result<Vec<Served>, Trouble> {
    let installation = post.place.installation_id;
    let listed = shop.github.installation(installation).repositories().await?.items;
    let mut served = Vec::new();
    for facts in listed.into_iter().filter(|facts| !facts.private && !facts.archived) {
        let organisation = facts.owner_is_organisation;
        let in_force = shop.policies.in_force(shop, installation, facts.id, &facts.name, organisation).await?;
        let is_here = |desk: &RepoName| desk.to_string().eq_ignore_ascii_case(&post.place.repository.to_string());
        if in_force.policy.desk.repository.as_ref().is_some_and(is_here) {
            served.push(Served { facts, policy: in_force.policy.clone() });
        }
    }
    Ok(served)
}

async fn open(shop: &Shop, delivery: &Delivery, post: &Post, one: &Served) -> Result<Outcome, Trouble> {
    let (place, now) = (&post.place, shop.clock.now());
    let github = shop.github.installation(place.installation_id);
    let issue = github.issue(&place.repository, place.thread.number).await?;
    let id = doors::next_number(shop, now).await?;
    let desk = Desk::Issue {
        repository: place.repository.clone(),
        repository_id: place.repository_id,
        number: issue.number,
        url: issue.html_url.clone(),
    };
    let opening = Opening {
        id: id.clone(),
        repository: one.facts.name.clone(),
        repository_id: one.facts.id,
        installation_id: place.installation_id,
        origin: CaseOrigin::Opened,
        reporter: Account { login: "nobody".to_owned(), id: 0, is_bot: false },
        reported_at: issue.created_at,
        desk,
    };
    let case = open_by_hand(opening, false, &one.policy, now);
    let words = Evidence {
        place: place.clone(),
        author: issue.author.login.clone(),
        taken_at: now,
        delivery: delivery.guid.clone(),
        title: issue.title.open(&shop.clearance).clone(),
        body: issue.body.open(&shop.clearance).clone(),
    };
    let reason = Reason::new("doors.opened", format!("{} opened the case at an issue", post.author.login));
    let decision = Decision {
        outcome: "case_opened".to_owned(),
        records: vec![RecordWrite::guarded(&case, 0)],
        case: Some(id.to_string()),
        reasons: vec![reason],
        ..Decision::default()
    };
    let sealed = evidence::seal_for_new_case(&shop.sealer, id.as_str(), REPORT, &words);
    Ok(Outcome {
        decision,
        sealed,
        subject: id.to_string(),
        actor: Some(post.author.login.clone()),
        policy_version: one.policy.version.clone(),
    })
}

fn refused(post: &Post, why: String) -> Outcome {
    let place = &post.place;
    let act = RefuseCase {
        installation_id: place.installation_id,
        repository: place.repository.clone(),
        number: place.thread.number,
        text: format!("**`/case`** refused. {why}"),
    };
    let key = format!("refuse_case:{}/{}", place.repository_id, place.post_id);
    let decision = Decision {
        outcome: "case_refused".to_owned(),
        effects: vec![Effect::new(key, place.thread_key(), &act)],
        reasons: vec![Reason::new("doors.refused", why)],
        ..Decision::default()
    };
    Outcome {
        decision,
        sealed: Vec::new(),
        subject: place.post_key(),
        actor: Some(post.author.login.clone()),
        policy_version: String::new(),
    }
}
