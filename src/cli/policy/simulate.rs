//! `embargod policy simulate`: the decision for a stored webhook, with its reasons and without any effect.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Outcome, Streams};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::{
    clock::{Clock, SystemClock},
    domain::{
        case::CaseId,
        detector::{self, Detector as _},
        embargoed::Clearance,
        intake::{
            self, Answers, AskedOfPost, Channel, FirstLook, Inquiry, Taken,
            actions::SayConstant,
            prior,
            record::{PostRecord, ThreadRecord},
        },
        policy::{Layer, Policy, effective},
        post::{Permission, Post},
        record::Versioned,
    },
    engine::features::{Judged, judge},
    github::webhook::events::{self, Content},
    sealing::{Sealer, SealingKey},
};

/// Arguments of `embargod policy simulate`.
#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// A webhook's payload as JSON, as GitHub shows it under "Recent deliveries"; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    event: PathBuf,
    /// Which event it is (`X-GitHub-Event`); told from the payload where it is left out.
    #[arg(long, value_name = "EVENT")]
    name: Option<String>,
    /// The policy to try; without it the repository would only be observed.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The author's permission on the repository: none, read, triage, write, maintain or admin.
    #[arg(long, value_name = "PERMISSION", default_value = "none", value_parser = permission)]
    author_permission: Permission,
    /// Pretend that GitHub's private reporting form is switched off.
    #[arg(long)]
    form_off: bool,
    /// One JSON object instead of lines for people.
    #[arg(long)]
    json: bool,
}

fn permission(text: &str) -> Result<Permission, String> {
    serde_json::from_value(Value::String(text.to_owned()))
        .map_err(|_| "write none, read, triage, write, maintain or admin".to_owned())
}

/// Tries it.
pub(super) fn run(args: &SimulateArgs, streams: &mut Streams<'_>) -> io::Result<Outcome> {
    match simulate(args) {
        Ok(answer) => writeln!(streams.output, "{answer}").map(|()| Outcome::Fine),
        Err(problem) => writeln!(streams.errors, "embargod: {problem}").map(|()| Outcome::BadInput),
    }
}

/// The answer, ready to be printed.
fn simulate(args: &SimulateArgs) -> Result<String, String> {
    let policy = match &args.policy {
        Some(path) => {
            let layer = Layer { origin: path.display().to_string(), text: text_of(path)? };
            effective(&[layer]).map_err(|error| error.to_string())?.policy
        }
        None => Policy::observing(),
    };
    let payload = text_of(&args.event)?;
    let place = args.event.display();
    let value: Value = serde_json::from_str(&payload).map_err(|error| {
        format!("{place}:{}:{}: this is not JSON; save the payload alone", error.line(), error.column())
    })?;
    let name = args.name.clone().or_else(|| guess_event(&value)).ok_or_else(|| {
        format!("{place}: the payload does not show which event it is; name it with --name, for example --name issues")
    })?;
    let told = events::parse(&name, payload.as_bytes()).map_err(|error| format!("{place}: {error}"))?;
    let Content::Post(post) = told.content else {
        return Ok(answer_nothing(args, &name));
    };
    let clearance = Clearance::grant();
    let sealer = Sealer::new(SealingKey::generate());
    let detector = detector::builtin();
    let judged = judge(&post, &policy, &detector, &sealer, &clearance);
    let taken = decide(args, &policy, &post, &judged, detector.version());
    Ok(if args.json { as_json(&taken, &judged, &policy) } else { as_lines(&taken, &judged, &policy) })
}

fn decide(args: &SimulateArgs, policy: &Policy, post: &Post, judged: &Judged, model: &str) -> Taken {
    let now = SystemClock.now();
    let thread = ThreadRecord { key: post.place.thread_key(), ..ThreadRecord::default() };
    let earlier = PostRecord { key: post.place.post_key(), ..PostRecord::default() };
    let inquiry = Inquiry {
        post,
        revision: &judged.revision,
        text_is_neutral: judged.text_is_neutral,
        own_login: None,
        judgement: &judged.judgement,
        model,
        named: &judged.named,
        // Nothing was learnt here.
        prior: prior::shift(policy.redirect.prior, None, now),
        cause: "simulated",
        policy,
        thread: &Versioned { value: thread, version: 0 },
        earlier: &Versioned { value: earlier, version: 0 },
        thread_is_followed: false,
        received_at: now,
        now,
    };
    match intake::first_look(&inquiry) {
        FirstLook::Decided(taken) => *taken,
        FirstLook::AskMore { .. } => {
            let form = policy.contact.private_reporting && !args.form_off;
            let repository = &post.place.repository;
            let page = || format!("https://github.com/{repository}/security/advisories/new");
            let channel = Channel { form_url: form.then(page), email: policy.contact.email.clone(), page_url: None };
            let next_case = CaseId::new(now.to_zoned(TimeZone::UTC).year(), 0);
            let permission = Some(args.author_permission);
            intake::decide(
                &inquiry,
                Answers { permission, channel, open_case: None, next_case, asked: AskedOfPost::default() },
            )
        }
    }
}

/// Tells the event from the members that only its payload has.
fn guess_event(payload: &Value) -> Option<String> {
    let has = |key: &str| payload.get(key).is_some_and(|value| !value.is_null());
    let name = match () {
        () if has("comment") && has("issue") => "issue_comment",
        () if has("comment") && has("discussion") => "discussion_comment",
        () if has("comment") && has("pull_request") => "pull_request_review_comment",
        () if has("comment") => "commit_comment",
        () if has("review") && has("pull_request") => "pull_request_review",
        () if has("issue") => "issues",
        () if has("pull_request") => "pull_request",
        () if has("discussion") => "discussion",
        () => return None,
    };
    Some(name.to_owned())
}

fn answer_nothing(args: &SimulateArgs, name: &str) -> String {
    let why = "the delivery brings no post that is looked at";
    if args.json {
        json!({ "outcome": "nothing", "event": name, "reasons": [{ "rule": "simulate.no_post", "text": why }] })
            .to_string()
    } else {
        format!("nothing: {why} (event {name})")
    }
}

fn as_json(taken: &Taken, judged: &Judged, policy: &Policy) -> String {
    let decision = &taken.decision;
    json!({
        "outcome": decision.outcome,
        "class": judged.judgement.class.slug(),
        "score": judged.judgement.score(),
        "policy": policy.version,
        "reasons": decision.reasons,
        "effects": decision.effects,
        "says": says(taken),
    })
    .to_string()
}

fn as_lines(taken: &Taken, judged: &Judged, policy: &Policy) -> String {
    let decision = &taken.decision;
    let judgement = &judged.judgement;
    let mut lines = vec![
        format!("{} (class {}, score {:.3})", decision.outcome, judgement.class.slug(), judgement.score()),
        format!("policy {}", policy.version),
    ];
    lines.extend(decision.reasons.iter().map(|reason| format!("because {}: {}", reason.rule, reason.text)));
    lines.extend(decision.effects.iter().map(|effect| {
        let due = effect.not_before.map(|due| format!(", not before {due}")).unwrap_or_default();
        format!("would {} ({:?}{due})", effect.kind, effect.urgency)
    }));
    lines.extend(says(taken).map(|words| format!("would say in public:\n\n{words}")));
    lines.push("nothing was done".to_owned());
    lines.join("\n")
}

/// The public comment, word for word.
fn says(taken: &Taken) -> Option<String> {
    let effect = taken.decision.effects.iter().find(|effect| effect.kind == "say_constant")?;
    let say: SayConstant = serde_json::from_value(effect.payload.clone()).ok()?;
    Some(say.text.render(&say.channel, say.answered_within.as_deref()))
}

fn text_of(path: &Path) -> Result<String, String> {
    let read = if path == Path::new("-") { io::read_to_string(io::stdin()) } else { std::fs::read_to_string(path) };
    read.map_err(|error| {
        format!("{}: cannot be read: {error}; name an existing file, or - for standard input", path.display())
    })
}
