//! Release tags and the fixes that they should hold: a check run that gives nothing away, and maintainers who know.

mod embargo;
mod trouble;

use embargod::{
    domain::{
        case::Case,
        coverage::Verdict,
        decision::DecisionRecord,
        operator::{Act, Operator},
        release_checks::{CHECK_NAME, CaseCoverage, Recording},
    },
    engine::releases::{proof, record_fix},
    standin::{CheckRun, Role},
};
use jiff::SignedDuration;

use crate::kit::{CORA, MALLORY, REPO, Setting, Upstream, World, policy};

/// Longer than the longest pause between two looks at GitHub's lists.
const LATER: SignedDuration = SignedDuration::from_mins(61);

const BROKEN: &str = "def fetch(path):\n    return open(path)\n";
const MENDED: &str = "def fetch(path):\n    if '..' in path:\n        raise ValueError(path)\n    return open(path)\n";

/// Two supported series, each with a release, and a fault in both.
fn history() -> Upstream {
    let upstream = Upstream::new();
    upstream.commit("main", "src/paths.py", BROKEN, "Added fetch().");
    for series in ["5.0", "5.1"] {
        let branch = format!("stable/{series}.x");
        upstream.branch(&branch, "main");
        upstream.commit(&branch, "VERSION", series, &format!("Bumped version for {series} release."));
        upstream.tag(series, &branch);
        upstream.commit("main", "NEWS", series, "Began the next series.");
    }
    upstream.it_is("2026-11-01T09:00:00Z");
    upstream
}

const ALL: [&str; 5] =
    ["refs/heads/main", "refs/heads/stable/5.0.x", "refs/heads/stable/5.1.x", "refs/tags/5.0", "refs/tags/5.1"];

/// A world in which the mirror was looked at once.
async fn watched(upstream: &Upstream) -> World {
    watched_with(upstream, Setting::default()).await
}

async fn watched_with(upstream: &Upstream, setting: Setting) -> World {
    watched_by(upstream, setting, "").await
}

/// The same, with `more` in the policy.
async fn watched_by(upstream: &Upstream, setting: Setting, more: &str) -> World {
    let policy = format!("{}series: {{ main: main, latest: 2 }}\n{more}", policy("shield"));
    let setting = Setting { policy: Some(policy), mirrors: Some(upstream.mirrors()), ..setting };
    let world = World::with(setting).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    // What was there before the bot came was never told to it.
    world.github.drop_next_deliveries(100);
    upstream.push(&world, &ALL);
    world.github.deliveries_idle().await;
    world.github.drop_next_deliveries(0);
    look(&world).await;
    assert_eq!(in_public(&world), "[]", "what was there before is left alone");
    world
}

async fn look(world: &World) {
    world.settle().await;
    world.engine.look_at_releases_once().await.expect("GitHub and the store answer");
    world.settle().await;
}

/// A case of the redirect, with a draft advisory for its desk.
async fn case(world: &World) -> Case {
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    world.cases().await.pop().expect("a case")
}

async fn say(world: &World, case: &Case, recording: Recording) {
    let act = Act {
        outcome: "fix_recorded",
        command: "embargod case fix",
        subject: case.id.as_str(),
        case: Some(case.id.as_str()),
        effects: Vec::new(),
        reason: None,
    };
    let entry: DecisionRecord = act.record(&Operator::new("cora", None), world.now());
    let said = record_fix(world.store(), case, recording, entry, world.now()).await.expect("recorded");
    assert!(said.is_some(), "it is news");
}

async fn fixed_by(world: &World, case: &Case, series: &str, commit: &str) {
    say(world, case, Recording::Fix { series: series.to_owned(), commit: commit.to_owned() }).await;
}

fn checks(world: &World, upstream: &Upstream, tag: &str) -> Vec<CheckRun> {
    world.github.check_runs(REPO, &upstream.sha(tag)).expect("the repository exists")
}

/// The one check run of a tag: conclusion, title, summary, text.
fn check(world: &World, upstream: &Upstream, tag: &str) -> [String; 4] {
    let runs = checks(world, upstream, tag);
    assert_eq!(runs.len(), 1, "{tag} has one check run");
    let fields = &runs[0].fields;
    assert_eq!(fields["name"], CHECK_NAME);
    let output = &fields["output"];
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    [word(&fields["conclusion"]), word(&output["title"]), word(&output["summary"]), word(&output["text"])]
}

async fn verdicts(world: &World, case: &Case) -> Vec<(String, Verdict)> {
    let matrix: CaseCoverage = proof(world.store(), case.id.as_str())
        .await
        .expect("the store works")
        .and_then(|known| known.matrix)
        .expect("a matrix");
    matrix.cells().into_iter().map(|cell| (cell.series, cell.verdict)).collect()
}

async fn release_alerts(world: &World) -> Vec<String> {
    let alerts = world.alerts().await;
    alerts.into_iter().filter(|alert| alert.id.starts_with("release")).map(|alert| alert.text).collect()
}

/// What everybody reads about the releases, beside the names of tags: commits, conclusions, words.
fn in_public(world: &World) -> String {
    world.github.public_transcript()["changes_by_bot"].to_string()
}

#[tokio::test]
async fn a_release_without_the_backport_is_told_to_maintainers_and_to_nobody_else() {
    let upstream = history();
    let world = watched(&upstream).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    let backport = upstream.commit("stable/5.0.x", "src/paths.py", MENDED, "Tightened fetch().");
    for series in ["5.0", "5.1"] {
        let branch = format!("stable/{series}.x");
        upstream.commit(&branch, "VERSION", &format!("{series}.1"), &format!("Bumped version for {series}.1 release."));
        upstream.tag(&format!("{series}.1"), &branch);
    }
    let before = in_public(&world);
    upstream.push(&world, &[ALL[0], ALL[1], ALL[2], "refs/tags/5.0.1", "refs/tags/5.1.1"]);
    look(&world).await;
    let fine = check(&world, &upstream, "5.0.1");
    assert_eq!(fine[0], "neutral");
    assert_eq!(check(&world, &upstream, "5.1.1"), fine, "both read the same");
    let id = case.id.as_str();
    let public = in_public(&world);
    assert_ne!(public, before, "check runs are public");
    for secret in [id, &fix, &fix[..10], &backport, &backport[..10], "fetch"] {
        assert!(!public.contains(secret), "{secret} is in public");
    }
    assert_eq!(
        release_alerts(&world).await,
        [format!("the release 5.1.1 does not hold the fix of {id}, nor does its branch")]
    );
    assert_eq!(
        verdicts(&world, &case).await,
        [("main", Verdict::Covered), ("5.0", Verdict::Covered), ("5.1", Verdict::Missing)]
            .map(|(series, verdict)| (series.to_owned(), verdict))
    );
    let known = proof(world.store(), id).await.expect("the store works").expect("recorded");
    let missing: Vec<_> = known.not_ready().into_iter().map(|one| one.series).collect();
    assert_eq!(missing, ["5.1"]);
    let decisions = world.store().decisions(Some(id), 100).await.expect("the store works");
    let rules: Vec<_> = decisions.iter().flat_map(|decision| &decision.reasons).map(|reason| &reason.rule).collect();
    assert!(
        rules.iter().any(|rule| *rule == "release.recorded") && rules.iter().any(|rule| *rule == "release.lacks_fix")
    );
    world.finish().await;
}

#[tokio::test]
async fn the_desk_is_told_and_a_complete_release_mends_it() {
    let upstream = history();
    let world = watched(&upstream).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    upstream.commit("stable/5.1.x", "VERSION", "5.1.1", "Bumped version for 5.1.1 release.");
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &[ALL[0], ALL[2], "refs/tags/5.1.1"]);
    look(&world).await;
    let embargod::domain::case::Desk::Advisory { ghsa, .. } = &case.desk else {
        panic!("the desk is an advisory");
    };
    let told = || {
        let advisory = world.github.advisory(REPO, ghsa).expect("the desk");
        let said = advisory.comments.iter().filter(|comment| comment.body.contains("About a release"));
        said.map(|comment| comment.body.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told().len(), 1);
    assert!(told()[0].contains("5.1.1"));
    look(&world).await;
    assert_eq!(told().len(), 1, "once");
    // A maintainer says that the series never had the fault.
    let why = "the code came with 6.0".parse().expect("a reason");
    say(&world, &case, Recording::NotAffected { series: "5.1".to_owned(), why }).await;
    look(&world).await;
    assert_eq!(release_alerts(&world).await, Vec::<String>::new());
    world.finish().await;
}

/// The public side must be a function of what is public: the same releases with and without a private case.
#[tokio::test]
async fn a_private_case_changes_nothing_that_everybody_reads() {
    let mut transcripts = Vec::new();
    for with_case in [false, true] {
        let upstream = history();
        let world = watched(&upstream).await;
        let case = case(&world).await;
        let before = in_public(&world);
        let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
        upstream.commit("stable/5.1.x", "VERSION", "5.1.1", "Bumped version for 5.1.1 release.");
        upstream.tag("5.1.1", "stable/5.1.x");
        if with_case {
            fixed_by(&world, &case, "main", &fix).await;
            say(&world, &case, Recording::NotBefore("2026-12-01T13:00:00Z".parse().expect("an instant"))).await;
        }
        upstream.push(&world, &[ALL[0], ALL[2], "refs/tags/5.1.1"]);
        look(&world).await;
        assert_eq!(release_alerts(&world).await.len(), usize::from(with_case));
        assert_ne!(in_public(&world), before);
        let run = checks(&world, &upstream, "5.1.1").pop().expect("a check run");
        let mut fields = run.fields;
        fields.remove("completed_at");
        transcripts.push(serde_json::to_string(&fields).expect("JSON"));
        world.finish().await;
    }
    assert_eq!(transcripts[0], transcripts[1]);
}

#[tokio::test]
async fn six_tags_at_once_are_found_by_looking() {
    let upstream = history();
    let world = watched(&upstream).await;
    let mut names = Vec::new();
    for patch in 1..=6 {
        let version = format!("5.1.{patch}");
        upstream.commit("stable/5.1.x", "VERSION", &version, &format!("Bumped version for {version} release."));
        upstream.tag(&version, "stable/5.1.x");
        names.push(format!("refs/tags/{version}"));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let deliveries = world.github.deliveries().len();
    upstream.push(&world, &names);
    world.settle().await;
    assert_eq!(world.github.deliveries().len(), deliveries, "GitHub told nothing");
    look(&world).await;
    assert!(checks(&world, &upstream, "5.1.1").is_empty(), "its turn has not come");
    world.wait(LATER).await;
    look(&world).await;
    for patch in 1..=6 {
        assert_eq!(check(&world, &upstream, &format!("5.1.{patch}"))[0], "neutral");
    }
    let mark = world.github.mark();
    world.wait(LATER).await;
    look(&world).await;
    assert!(world.writes_since(mark).is_empty(), "nothing is done twice");
    world.finish().await;
}

#[tokio::test]
async fn a_published_advisory_fills_the_check_run() {
    let upstream = history();
    let world = watched(&upstream).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    for series in ["5.0", "5.1"] {
        let branch = format!("stable/{series}.x");
        if series == "5.1" {
            upstream.commit(&branch, "src/paths.py", MENDED, "Tightened fetch().");
        }
        upstream.commit(&branch, "VERSION", &format!("{series}.1"), &format!("Bumped version for {series}.1 release."));
        upstream.tag(&format!("{series}.1"), &branch);
    }
    upstream.push(&world, &[ALL[0], ALL[1], ALL[2], "refs/tags/5.0.1", "refs/tags/5.1.1"]);
    look(&world).await;
    let constant = check(&world, &upstream, "5.1.1");
    assert_eq!(constant[3], "", "nothing is published");
    let text = format!("Fixed in {}/{REPO}/commit/{fix}.", world.github.web_url());
    let ghsa = world.github.draft_advisory(REPO, CORA, "fetch() left its folder", &text).expect("drafted");
    look(&world).await;
    assert_eq!(check(&world, &upstream, "5.1.1"), constant, "a draft is nobody's business");
    world.github.publish_advisory(REPO, &ghsa, CORA).expect("published");
    look(&world).await;
    let [conclusion, title, _, text] = check(&world, &upstream, "5.1.1");
    assert_eq!((conclusion.as_str(), title.as_str()), ("success", "Holds every published fix"));
    assert!(text.contains(&format!("| {ghsa} | held, first here |")), "{text}");
    let [conclusion, title, _, text] = check(&world, &upstream, "5.0.1");
    assert_eq!((conclusion.as_str(), title.as_str()), ("failure", "Lacks a published fix"));
    assert!(text.contains("**not found**"), "{text}");
    assert_eq!(release_alerts(&world).await, [format!("the release 5.0.1 does not hold the published fix of {ghsa}")]);
    // The missing backport comes with the next release.
    upstream.commit("stable/5.0.x", "src/paths.py", MENDED, "Tightened fetch().");
    upstream.tag("5.0.2", "stable/5.0.x");
    upstream.push(&world, &[ALL[1], "refs/tags/5.0.2"]);
    look(&world).await;
    assert_eq!(check(&world, &upstream, "5.0.2")[0], "success");
    assert!(check(&world, &upstream, "5.0.1")[3].contains("its branch has it"));
    assert_eq!(release_alerts(&world).await, Vec::<String>::new(), "the newest release has it");
    world.finish().await;
}

#[tokio::test]
async fn an_advisory_of_which_nobody_told_is_found_by_looking() {
    let upstream = history();
    let world = watched(&upstream).await;
    let text = format!("Fixed in {}/{REPO}/commit/{}.", world.github.web_url(), upstream.sha("5.1"));
    let ghsa = world.github.draft_advisory(REPO, CORA, "A matter", &text).expect("drafted");
    world.github.drop_next_deliveries(1);
    world.github.publish_advisory(REPO, &ghsa, CORA).expect("published");
    world.wait(LATER).await;
    look(&world).await;
    assert!(check(&world, &upstream, "5.1")[3].contains(&ghsa));

    // It is taken back, of which nobody tells either.
    world.github.withdraw_advisory(REPO, &ghsa).expect("withdrawn");
    world.wait(LATER).await;
    look(&world).await;
    let [conclusion, _, _, text] = check(&world, &upstream, "5.1");
    assert_eq!((conclusion.as_str(), text.as_str()), ("neutral", ""), "no published fix concerns it any more");
    world.finish().await;
}

#[tokio::test]
async fn a_tag_that_is_not_where_it_belongs_is_told() {
    let upstream = history();
    let world = watched(&upstream).await;
    upstream.commit("stable/5.0.x", "VERSION", "5.0.1", "Bumped version.");
    upstream.tag("5.1.7", "stable/5.0.x");
    upstream.tag("5.0.7", "main");
    upstream.push(&world, &[ALL[1], "refs/tags/5.1.7", "refs/tags/5.0.7"]);
    look(&world).await;
    let mut told = release_alerts(&world).await;
    told.sort();
    assert_eq!(
        told,
        [
            "the tag 5.0.7 is not on stable/5.0.x",
            "the tag 5.1.7 is called a release of 5.1 and stands on the branch of 5.0",
        ]
    );
    assert_eq!(check(&world, &upstream, "5.1.7")[0], "neutral", "it reads as every other");
    upstream.tag("5.1.7", "stable/5.1.x");
    upstream.push(&world, &["refs/tags/5.1.7"]);
    look(&world).await;
    let told = release_alerts(&world).await;
    assert_eq!(told.iter().filter(|text| text.contains("was moved from")).count(), 1, "{told:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_policy_may_want_signed_tags() {
    let upstream = history();
    let world = watched(&upstream).await;
    let text = format!("{}series: {{ main: main }}\nreleases: {{ signed_tags: true }}\n", policy("shield"));
    world.github.set_file(REPO, ".github/embargod.yml", &text).expect("written");
    world.clock.advance(LATER);
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &["refs/tags/5.1.1"]);
    look(&world).await;
    assert_eq!(release_alerts(&world).await, ["the tag 5.1.1 carries no signature, and the policy wants one"]);
    world.finish().await;
}

#[tokio::test]
async fn a_release_before_its_instant_is_told() {
    let upstream = history();
    let world = watched(&upstream).await;
    let case = case(&world).await;
    let instant = world.now() + SignedDuration::from_hours(1);
    say(&world, &case, Recording::NotBefore(instant)).await;
    let fix = upstream.commit("stable/5.1.x", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "5.1", &fix).await;
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &[ALL[2], "refs/tags/5.1.1"]);
    look(&world).await;
    let told = release_alerts(&world).await;
    assert_eq!(told, [format!("the release 5.1.1 holds the fix of {} before its instant, {instant}", case.id)]);
    world.finish().await;
}

#[tokio::test]
async fn what_is_recorded_about_a_case_is_not_how_the_public_hears_of_anything() {
    let upstream = history();
    let world = watched(&upstream).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    upstream.commit("stable/5.1.x", "VERSION", "5.1.1", "Bumped version for 5.1.1 release.");
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &[ALL[0], ALL[2], "refs/tags/5.1.1"]);
    let text = format!("Fixed in {}/{REPO}/commit/{fix}.", world.github.web_url());
    let ghsa = world.github.draft_advisory(REPO, CORA, "fetch() left its folder", &text).expect("drafted");
    world.github.publish_advisory(REPO, &ghsa, CORA).expect("published");
    look(&world).await;
    assert!(check(&world, &upstream, "5.1.1")[3].contains("**not found**"));
    // The branch gets the fix, and nobody tells the bot; then something is recorded about another matter.
    let backport = upstream.commit("stable/5.1.x", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "5.1", &backport).await;
    look(&world).await;
    assert!(verdicts(&world, &case).await.contains(&("5.1".to_owned(), Verdict::NotTaggedYet)), "it was looked at");
    assert!(check(&world, &upstream, "5.1.1")[3].contains("**not found**"), "nobody sees that");
    upstream.push(&world, &[ALL[2]]);
    look(&world).await;
    assert!(check(&world, &upstream, "5.1.1")[3].contains("its branch has it"), "a push is public");
    world.finish().await;
}

#[tokio::test]
async fn a_release_is_a_door_as_well() {
    let upstream = history();
    let world = watched(&upstream).await;
    upstream.tag("5.1.1", "stable/5.1.x");
    world.github.drop_next_deliveries(2);
    upstream.push(&world, &["refs/tags/5.1.1"]);
    world.settle().await;
    world.github.publish_release(REPO, CORA, "5.1.1").expect("published");
    look(&world).await;
    assert_eq!(check(&world, &upstream, "5.1.1")[0], "neutral");
    world.finish().await;
}
