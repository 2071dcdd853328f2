//! Proving that releases hold the fix: `/fix`, `/coverage`.

use super::Family;
use crate::domain::{
    commands::{
        Done, Expected, Order, Refusal, Role, Scene, Verb,
        acts::{RecordFixCommit, ShowCoverage},
    },
    coverage::SeriesKind,
};

pub(super) const FAMILY: Family = Family { title: "Proof", verbs: &[&FIX, &COVERAGE] };

const FIX: Verb = Verb {
    name: "fix",
    usage: "/fix SERIES COMMIT",
    help: "Records that a commit is the fix, or a part of it, on a series; releases are then checked for it.",
    who: &[Role::Fixer, Role::Coordinator, Role::ReleaseManager],
    examples: &["/fix 5.2 1a2b3c4d5e6f", "/fix main 0123456789abcdef0123456789abcdef01234567"],
    read: |arguments| {
        let series = arguments.series()?;
        let (commit, column) = arguments.word(Expected::Commit)?;
        let is_commit = (7..=40).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_commit {
            return Err(arguments.wrong(column, Expected::Commit));
        }
        Ok(Box::new(Fix { series, commit: commit.to_ascii_lowercase() }))
    },
    ..Verb::BLANK
};

struct Fix {
    series: String,
    commit: String,
}

impl Order for Fix {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let not_affected = scene.case.assessment.not_affected.contains_key(&self.series);
        if not_affected {
            let why = format!("{} was recorded as not affected.", self.series);
            return Err(Refusal::because(why).then(format!("`/affects {}`", self.series)));
        }
        let case = scene.case.id.to_string();
        let (series, commit, by) = (self.series.clone(), self.commit.clone(), scene.actor.login.clone());
        scene.want(&RecordFixCommit { case, series, commit, by });
        scene.because("fix", format!("a commit of the fix on {} was recorded", self.series), Some("series"));
        let done = Done::saying(format!("Recorded for {}; the mirror is looked at for it.", self.series));
        Ok(match scene.series.supported.get(&self.series) {
            Some(SeriesKind::Prerelease) => {
                done.and("The series is in pre-release: its next pre-release holds the fix.")
            }
            _ => done,
        }
        .then("`/coverage`"))
    }
}

const COVERAGE: Verb = Verb {
    name: "coverage",
    usage: "/coverage",
    help: "Shows for each series whether the fix is on its branch and in a release, and what is missing.",
    who: Role::INSIDERS,
    reads_only: true,
    examples: &["/coverage"],
    read: |_| Ok(Box::new(Coverage)),
    ..Verb::BLANK
};

struct Coverage;

impl Order for Coverage {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let (case, comment) = (scene.case.id.to_string(), scene.command.clone());
        scene.want(&ShowCoverage { case, comment });
        Ok(Done::saying("It follows below."))
    }
}
