//! What became of every delivery and every post.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};

use embargod::{
    clock::{Clock, SystemClock},
    domain::intake::texts,
    standin::{Advisory, Thread},
};

use super::{Arguments, Posted, Story, life::Deaths};
use crate::Failure;

/// Complaints that are printed; the rest is counted.
const MOST_PRINTED: usize = 20;

/// The judgement.
#[derive(Default)]
pub struct Verdict {
    deliveries: usize,
    attempts: usize,
    redelivered: usize,
    lost: usize,
    unfinished: usize,
    parked: u64,
    dead: u64,
    decided_twice: usize,
    disclosures: usize,
    redirected_once: usize,
    not_redirected: usize,
    doubled: usize,
    ordinary: usize,
    touched: usize,
    calls: usize,
    complaints: Vec<String>,
}

/// Looks at everything.
pub async fn judge(story: &Story) -> Result<Verdict, Failure> {
    let mut verdict = Verdict { calls: story.stage.github.mark(), ..Verdict::default() };
    verdict.deliveries(story).await?;
    let backlog = story.store.backlog(SystemClock.now()).await.map_err(|error| error.to_string())?;
    (verdict.parked, verdict.dead) = (backlog.deliveries_parked, backlog.effects_dead);
    let github = &story.stage.github;
    let bot = github.bot_login();
    let mut seen = BTreeMap::new();
    for repository in &story.stage.repositories {
        let threads = github.threads(repository).map_err(|refusal| refusal.to_string())?;
        let threads: BTreeMap<u64, Thread> = threads.into_iter().map(|thread| (thread.number, thread)).collect();
        let advisories = github.advisories(repository).map_err(|refusal| refusal.to_string())?;
        seen.insert(repository.as_str(), (threads, advisories));
    }
    for posted in &story.posted {
        let there = seen.get(posted.repository.as_str());
        let there = there.and_then(|(threads, advisories)| Some((threads.get(&posted.number)?, advisories)));
        let Some((thread, advisories)) = there else {
            verdict.complain(format!("{}#{} is gone", posted.repository, posted.number));
            continue;
        };
        if posted.discloses {
            verdict.disclosure(posted, thread, advisories, &bot);
        } else {
            verdict.ordinary(posted, thread, advisories);
        }
    }
    Ok(verdict)
}

impl Verdict {
    async fn deliveries(&mut self, story: &Story) -> Result<(), Failure> {
        let attempts = story.stage.github.deliveries();
        self.attempts = attempts.len();
        self.redelivered = attempts.iter().filter(|attempt| attempt.redelivery).count();
        let guids: BTreeSet<&str> = attempts.iter().map(|attempt| attempt.guid.as_str()).collect();
        self.deliveries = guids.len();
        for guid in guids {
            match story.store.delivery_state(guid).await.map_err(|error| error.to_string())?.as_deref() {
                Some("done") => {}
                None => {
                    self.lost += 1;
                    let tries = attempts.iter().filter(|attempt| attempt.guid == guid);
                    let tries: Vec<u16> = tries.map(|attempt| attempt.status_code).collect();
                    self.complain(format!("delivery {guid} is lost; answers to its attempts: {tries:?}"));
                }
                Some(state) => {
                    self.unfinished += 1;
                    self.complain(format!("delivery {guid} is {state}"));
                }
            }
        }
        let decisions = story.store.decisions(None, u32::MAX).await.map_err(|error| error.to_string())?;
        let mut causes = BTreeMap::<_, usize>::new();
        for decision in &decisions {
            *causes.entry((decision.feature.as_str(), decision.cause.as_str())).or_default() += 1;
        }
        for ((feature, cause), times) in causes.into_iter().filter(|(_, times)| *times > 1) {
            self.decided_twice += 1;
            self.complain(format!("{feature} decided {times} times about delivery {cause}"));
        }
        Ok(())
    }

    /// Out of sight, told once, moved once.
    fn disclosure(&mut self, posted: &Posted, thread: &Thread, advisories: &[Advisory], bot: &str) {
        self.disclosures += 1;
        let comments = thread.comments.iter().filter(|comment| comment.post.author == bot).count();
        let cases = advisories.iter().filter(|advisory| advisory.description.contains(&posted.mark)).count();
        let versions = thread.post.revisions.len();
        let out_of_sight = thread.title == texts::NEUTRAL_TITLE
            && thread.post.body == texts::NEUTRAL_BODY
            && thread.locked
            && !thread.open;
        let counts = [comments, cases, versions.saturating_sub(1), thread.renames.len()];
        if out_of_sight && counts == [1; 4] {
            self.redirected_once += 1;
            return;
        }
        if counts.iter().any(|count| *count > 1) {
            self.doubled += 1;
        } else {
            self.not_redirected += 1;
        }
        self.complain(format!(
            "{}#{}: out of sight: {out_of_sight}; {comments} comments, {cases} advisories, {} edits, {} new titles",
            posted.repository, posted.number, counts[2], counts[3]
        ));
    }

    /// Nobody has touched it.
    fn ordinary(&mut self, posted: &Posted, thread: &Thread, advisories: &[Advisory]) {
        self.ordinary += 1;
        let as_posted = thread.title == posted.words.title
            && thread.post.body == posted.words.body
            && thread.open
            && !thread.locked
            && thread.comments.is_empty()
            && !advisories.iter().any(|advisory| advisory.description.contains(&posted.mark));
        if !as_posted {
            self.touched += 1;
            self.complain(format!("{}#{}: an ordinary post was touched", posted.repository, posted.number));
        }
    }

    fn complain(&mut self, complaint: String) {
        self.complaints.push(complaint);
    }

    /// Whether all is as it must be.
    pub fn is_fine(&self) -> bool {
        self.complaints.is_empty() && self.parked == 0 && self.dead == 0
    }

    /// What is not.
    pub fn complaints(&self) -> String {
        let mut text = self.complaints.iter().take(MOST_PRINTED).cloned().collect::<Vec<_>>().join("\n");
        if self.complaints.len() > MOST_PRINTED {
            let _ = write!(text, "\nand {} more", self.complaints.len() - MOST_PRINTED);
        }
        text
    }

    /// The table, as Markdown.
    pub fn table(&self, arguments: &Arguments, deaths: &Deaths, took: Duration) -> String {
        let at_points: usize = deaths.at_points.values().sum();
        let points = deaths.at_points.len();
        let rows = [
            ("seed", arguments.seed.to_string()),
            (
                "deaths",
                format!(
                    "{} ({} by SIGKILL at a random instant, {at_points} at {points} named points, {} before ready)",
                    deaths.killed + at_points,
                    deaths.killed,
                    deaths.before_ready
                ),
            ),
            ("points not reached in time (SIGKILL instead)", deaths.not_reached.to_string()),
            ("posts", format!("{} ordinary, {} disclosing", self.ordinary, self.disclosures)),
            ("deliveries", format!("{} in {} attempts", self.deliveries, self.attempts)),
            ("sent again", self.redelivered.to_string()),
            ("requests to GitHub", self.calls.to_string()),
            ("deliveries lost", self.lost.to_string()),
            ("deliveries unfinished, parked", format!("{}, {}", self.unfinished, self.parked)),
            ("deliveries decided twice", self.decided_twice.to_string()),
            ("disclosures redirected exactly once", format!("{} of {}", self.redirected_once, self.disclosures)),
            ("disclosures not redirected", self.not_redirected.to_string()),
            ("effects doubled, given up", format!("{}, {}", self.doubled, self.dead)),
            ("ordinary posts touched", self.touched.to_string()),
            ("time", format!("{:.0} s", took.as_secs_f64())),
        ];
        let mut text = "| what | how many |\n|---|---|".to_owned();
        for (what, how_many) in rows {
            let _ = write!(text, "\n| {what} | {how_many} |");
        }
        text
    }
}
