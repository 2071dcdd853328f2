//! The matrix: one verdict per fix and series, with what it rests on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{ToSpan, civil::Date};

use super::{
    evidence::{
        EvidenceKind, Found, Hit, Naming, end_of, is_revert, names, names_another, naming, push_once, search, short,
        short_id, start_of,
    },
    facts::{Commit, Fix},
    finder,
    graph::{SeriesLine, SeriesLines},
    history::History,
    names::SeriesName,
    recorded::{Recorded, series_named},
    reverts::{events, stands_since},
    support::{SeriesKind, supported_on},
    verdict::{Cell, CellEvidence, FixCoverage, Verdict},
};
use crate::domain::policy::Series;

/// Tags are looked for up to so many days after the disclosure.
const TAG_DAYS: i32 = 30;
/// A backport may have been made so long before the disclosure, or before the first commit of the fix, in seconds.
const BACKPORT_BEFORE_S: i64 = 60 * 86_400;

/// A commit of the fix whose lines are repeated to this part by others is part of them.
const SQUASHED_FROM: f64 = 0.6;

/// Judges fixes against one history.
pub struct Judgement<'a> {
    history: &'a History,
    policy: &'a Series,
    lines: &'a SeriesLines,
    at: Option<Date>,
}

impl<'a> Judgement<'a> {
    /// Judges as of each fix's own day, or of `at` where that is given.
    pub fn new(history: &'a History, policy: &'a Series, lines: &'a SeriesLines, at: Option<Date>) -> Self {
        Self { history, policy, lines, at }
    }

    /// The commits whose patches the judgement of `fix` will ask for.
    pub fn needs(&self, fix: &Fix) -> BTreeSet<u32> {
        let recorded = self.recorded(fix);
        let (from, to) = self.window_s(fix, &recorded.commits);
        let mut needed = recorded.commits;
        for name in self.kinds(fix).keys() {
            let Some(line) = self.lines.get(name) else {
                continue;
            };
            let made = |place: &&u32| (from..=to).contains(&self.history.commit(**place).committed_s);
            needed.extend(line.own().iter().filter(made));
        }
        if is_to_be_found(fix) {
            // Who names the vulnerability, and who may be its origin on main.
            let found = finder::find(self.history, self.lines, fix, &needed.clone());
            needed.extend(found.commits.keys());
            needed.extend(finder::looked_at(self.history, self.lines, fix));
        }
        needed
    }

    /// The matrix of one fix.
    pub fn of(&self, fix: &Fix) -> FixCoverage {
        let mut recorded = self.recorded(fix);
        let mut found = finder::FoundFix::default();
        if is_to_be_found(fix) {
            found = finder::find(self.history, self.lines, fix, &recorded.commits);
            for (place, how) in &found.commits {
                push_once(&mut recorded.notes, format!("{} was found: {how}", short_id(self.history.commit(*place))));
            }
            recorded.commits.extend(found.commits.keys());
        }
        self.drop_accounts(&mut recorded);
        let of = OneFix { fix, recorded, found };
        let mut cells = vec![self.main_cell(&of)];
        cells.extend(self.kinds(fix).into_iter().map(|(name, kind)| self.cell(&of, &name, kind)));
        FixCoverage { id: fix.id.clone(), date: fix.date, cells }
    }

    fn kinds(&self, fix: &Fix) -> BTreeMap<SeriesName, SeriesKind> {
        supported_on(self.policy, self.lines, self.at.unwrap_or(fix.date))
    }

    fn last_day(&self, fix: &Fix) -> Date {
        self.at.unwrap_or_else(|| fix.date.checked_add(TAG_DAYS.days()).unwrap_or(fix.date))
    }

    fn recorded(&self, fix: &Fix) -> Recorded {
        Recorded::of(self.history, self.policy, self.lines, fix)
    }

    /// When a backport may have been made.
    fn window_s(&self, fix: &Fix, commits: &BTreeSet<u32>) -> (i64, i64) {
        let first = commits.iter().map(|place| self.history.commit(*place).committed_s).min();
        let from = first.map_or(start_of(fix.date), |first| first.min(start_of(fix.date))) - BACKPORT_BEFORE_S;
        (from, end_of(self.last_day(fix)))
    }

    /// Notes, archive entries and tests that are listed beside the change of code are no part of the fix.
    fn drop_accounts(&self, recorded: &mut Recorded) {
        let touches = |place: &u32| self.history.patch(*place).is_none_or(|patch| patch.touches_code);
        let is_account =
            |place: &u32| naming(&self.history.commit(*place).subject) == Naming::Account || !touches(place);
        if !recorded.commits.iter().all(is_account) {
            recorded.commits.retain(|place| !is_account(place));
        }
    }

    fn main_cell(&self, of: &OneFix<'_>) -> Cell {
        let (fix, recorded) = (of.fix, &of.recorded);
        let on_main: Vec<u32> =
            recorded.commits.iter().copied().filter(|place| self.lines.main_holds(*place)).collect();
        let evidence = on_main.iter().map(|place| CellEvidence {
            kind: if of.found.commits.contains_key(place) { EvidenceKind::Id } else { EvidenceKind::Recorded },
            commit: self.history.commit(*place).id,
            detail: format!("on {}", self.policy.main),
        });
        let mut cell = Cell {
            series: self.policy.main.clone(),
            kind: SeriesKind::Main,
            verdict: Verdict::Covered,
            commits: on_main.iter().map(|place| self.history.commit(*place).id).collect(),
            first_tag: None,
            first_tag_date: None,
            evidence: evidence.collect(),
            notes: recorded.notes.clone(),
        };
        if let Some(why) = fix.not_affected.get(&self.policy.main) {
            cell.verdict = Verdict::NotAffected;
            cell.notes.push(why.clone());
        } else if on_main.is_empty() {
            cell.verdict = self.without_hits(of, &mut cell.notes);
        }
        cell
    }

    fn cell(&self, of: &OneFix<'_>, name: &SeriesName, kind: SeriesKind) -> Cell {
        let mut cell = Cell {
            series: name.to_string(),
            kind,
            verdict: Verdict::Missing,
            commits: Vec::new(),
            first_tag: None,
            first_tag_date: None,
            evidence: Vec::new(),
            notes: Vec::new(),
        };
        let not_affected = of.fix.not_affected.iter().find(|(series, _)| {
            **series == cell.series || series_named(self.policy, self.lines, series).as_ref() == Some(name)
        });
        if let Some((_, why)) = not_affected {
            cell.verdict = Verdict::NotAffected;
            cell.notes.push(why.clone());
            return cell;
        }
        let Some(line) = self.lines.get(name) else {
            cell.verdict = Verdict::Unknown;
            cell.notes.push("this history has neither a branch nor a tag of the series".to_owned());
            return cell;
        };
        let found = self.hits(of, line);
        cell.notes.extend(found.notes.iter().cloned());
        if found.hits.is_empty() {
            cell.verdict = self.without_hits(of, &mut cell.notes);
            if cell.verdict == Verdict::Missing
                && let Some(why) = self.not_fetched(of, line)
            {
                cell.verdict = Verdict::Unknown;
                cell.notes.push(why);
            }
            if matches!(cell.verdict, Verdict::Missing | Verdict::Unknown) && !found.proposals.is_empty() {
                cell.verdict = Verdict::Unknown;
                cell.notes.push("a person has to say whether the proposed commit is the fix".to_owned());
                cell.evidence = found.proposals.iter().map(|hit| self.evidence(hit)).collect();
            }
            return cell;
        }
        let mut hits = self.set_follow_ups_aside(of.fix, line, found.hits, &mut cell.notes);
        hits.sort_by_key(|hit| (hit.commit, hit.kind));
        cell.commits = hits.iter().map(|hit| self.history.commit(hit.commit).id).collect();
        cell.commits.dedup();
        cell.evidence = hits.iter().map(|hit| self.evidence(hit)).collect();
        let missing = self.half(of, &hits);
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(|place| short_id(self.history.commit(*place))).collect();
            cell.notes.push(format!("only a part of the fix is here: nothing repeats {}", names.join(", ")));
            let proposed = |place: &u32| found.proposals.iter().find(|hit| hit.of == Some(*place));
            let proposals: Vec<&Hit> = missing.iter().filter_map(proposed).collect();
            if proposals.len() == missing.len() {
                cell.verdict = Verdict::Unknown;
                cell.notes.push("a person has to say whether the proposed commit is the rest of it".to_owned());
                cell.evidence.extend(proposals.into_iter().map(|hit| self.evidence(hit)));
            }
            if self.history.partial {
                cell.verdict = Verdict::Unknown;
            }
            return cell;
        }
        let standing = self.stand(of.fix, line, &hits);
        cell.verdict = standing.verdict;
        cell.notes.extend(standing.notes);
        if let Some(release) = standing.release.and_then(|release| line.releases.get(release)) {
            cell.first_tag = Some(release.tag.clone());
            cell.first_tag_date = Some(release.day);
        }
        cell
    }

    /// Why a series whose newest commit here is older than the disclosure cannot be judged: its branch is not here, or a
    /// commit is recorded for it that this repository has never seen.
    fn not_fetched(&self, of: &OneFix<'_>, line: &SeriesLine) -> Option<String> {
        let newest = line.tip.map(|tip| self.history.commit(tip).committed_s);
        if newest.is_some_and(|newest| newest >= start_of(of.fix.date)) {
            return None;
        }
        if !line.has_branch {
            let branch = SeriesLines::branch_name(self.policy, &line.name);
            return Some(format!("there is no branch {branch} here, and no release since the disclosure"));
        }
        let claims = of.recorded.by_series.get(&line.name).into_iter().flatten();
        let unseen = claims.filter(|claim| claim.place.is_none()).find(|claim| !self.history.is_unreached(&claim.name));
        unseen.map(|claim| format!("{} was not fetched: nothing here is newer than the disclosure", short(&claim.name)))
    }

    fn evidence(&self, hit: &Hit) -> CellEvidence {
        CellEvidence { kind: hit.kind, commit: self.history.commit(hit.commit).id, detail: hit.detail.clone() }
    }

    fn hits(&self, of: &OneFix<'_>, line: &SeriesLine) -> Found {
        let mut noted = Found::default();
        for claim in of.recorded.by_series.get(&line.name).into_iter().flatten() {
            let name = short(&claim.name);
            let Some(place) = claim.place else {
                noted.notes.push(format!("{name}, {}, is not in this history", claim.by));
                continue;
            };
            if names_another(self.history.commit(place), &of.fix.id) {
                noted.notes.push(format!("{name}, {}, names another vulnerability in its subject", claim.by));
            } else if line.holds(place) {
                noted.hits.push(Hit {
                    commit: place,
                    kind: EvidenceKind::Recorded,
                    of: Some(place),
                    is_follow_up: false,
                    detail: format!("{}, and on {}", claim.by, line.branch.as_deref().unwrap_or("a release")),
                });
            } else {
                let there = self.lines.all().find(|other| other.is_own(place));
                let there = there.map_or_else(|| self.policy.main.clone(), |other| other.name.to_string());
                noted.notes.push(format!("{name}, {}, is not on this series but on {there}", claim.by));
            }
        }
        let window = self.window_s(of.fix, &of.recorded.commits);
        if noted.hits.is_empty() {
            // What was recorded for this series and is elsewhere is no measure for it.
            let found = search(self.history, line, &of.fix.id, &of.recorded.commits, window);
            noted.hits = found.hits;
            noted.proposals = found.proposals;
            noted.notes.extend(found.notes);
            for hit in &mut noted.hits {
                if let Some(how) = of.found.commits.get(&hit.commit).filter(|_| line.is_own(hit.commit)) {
                    hit.kind = EvidenceKind::Id;
                    hit.detail = (*how).to_owned();
                }
            }
            let proposed = of.found.proposed.iter().filter(|place| line.holds(**place));
            noted.proposals.extend(proposed.map(|place| Hit {
                commit: *place,
                kind: EvidenceKind::Similar,
                of: None,
                is_follow_up: false,
                detail: "made for several series about the day of disclosure".to_owned(),
            }));
        }
        self.follow_ups(of.fix, line, window, &mut noted);
        noted
    }

    /// Further commits of the series that name the vulnerability, or a commit of its fix, and change its code.
    fn follow_ups(&self, fix: &Fix, line: &SeriesLine, window_s: (i64, i64), found: &mut Found) {
        let Some(first) = found.hits.iter().map(|hit| hit.commit).min() else {
            return;
        };
        let is_recorded = found.hits.iter().any(|hit| hit.kind == EvidenceKind::Recorded);
        for place in line.own().iter().copied() {
            let commit = self.history.commit(place);
            if !(window_s.0..=window_s.1).contains(&commit.committed_s) {
                continue;
            }
            let named = names(commit, &fix.id);
            let completes = place > first && !names_another(commit, &fix.id) && self.mentions(commit, &found.hits);
            if !(named || completes)
                || found.hits.iter().any(|hit| hit.commit == place)
                || naming(&commit.subject) == Naming::Account
                || is_revert(commit)
            {
                continue;
            }
            let code = self.history.patch(place).is_some_and(|patch| patch.touches_code);
            let name = short_id(commit);
            match (code, named) {
                (true, true) => found.hits.push(Hit {
                    commit: place,
                    kind: EvidenceKind::Id,
                    of: None,
                    is_follow_up: true,
                    detail: "a follow-up that changes code".to_owned(),
                }),
                (true, false) if !is_recorded => found.hits.push(Hit {
                    commit: place,
                    kind: EvidenceKind::Mention,
                    of: None,
                    is_follow_up: true,
                    detail: "a follow-up that names the fix and changes code".to_owned(),
                }),
                (true, false) => push_once(&mut found.notes, format!("{name} names the fix and changes code")),
                (false, _) => push_once(&mut found.notes, format!("{name} is a follow-up that changes no code")),
            }
        }
    }

    fn mentions(&self, commit: &Commit, hits: &[Hit]) -> bool {
        let names_hit =
            |name: &String| self.history.resolve(name).is_some_and(|place| hits.iter().any(|hit| hit.commit == place));
        commit.mentions.iter().any(names_hit)
    }

    /// Commits of the fix on main that nothing on the series repeats although others are repeated.
    fn half(&self, of: &OneFix<'_>, hits: &[Hit]) -> Vec<u32> {
        if is_to_be_found(of.fix) || hits.iter().any(|hit| hit.kind == EvidenceKind::Recorded) {
            return Vec::new();
        }
        let needed: Vec<u32> = of
            .recorded
            .commits
            .iter()
            .copied()
            .filter(|place| self.lines.main_holds(*place) && self.history.commit(*place).parents.len() < 2)
            .collect();
        let patches: Vec<_> = hits.iter().filter_map(|hit| self.history.patch(hit.commit)).collect();
        let repeated = |place: &u32| {
            hits.iter().any(|hit| hit.of == Some(*place))
                || self
                    .history
                    .patch(*place)
                    .is_some_and(|patch| patch.contained_in(patches.iter().copied()) >= SQUASHED_FROM)
        };
        let free = hits.iter().filter(|hit| hit.of.is_none_or(|of| !needed.contains(&of))).count();
        let open: Vec<u32> = needed.iter().copied().filter(|place| !repeated(place)).collect();
        if open.len() <= free { Vec::new() } else { open }
    }

    fn without_hits(&self, of: &OneFix<'_>, notes: &mut Vec<String>) -> Verdict {
        let nobody_names_one =
            of.fix.main.as_ref().is_some_and(Vec::is_empty) && of.fix.series.values().all(Vec::is_empty);
        if of.recorded.commits.is_empty() && (nobody_names_one || of.recorded.advised_only) {
            notes.push("no commit is recorded for any series".to_owned());
            return Verdict::AdvisoryOnly;
        }
        if self.history.partial {
            notes.push("this history was cut off: fetch all of it".to_owned());
            return Verdict::Unknown;
        }
        if of.recorded.commits.is_empty() {
            notes.push(match of.recorded.absent.first() {
                Some(name) => format!("commit {} of the fix is not in this history", short(name)),
                None => "no commit of this fix was found anywhere".to_owned(),
            });
            return Verdict::Unknown;
        }
        Verdict::Missing
    }

    /// Where a recorded fix stands complete without them, follow-ups are told and are no part of it.
    fn set_follow_ups_aside(&self, fix: &Fix, line: &SeriesLine, hits: Vec<Hit>, notes: &mut Vec<String>) -> Vec<Hit> {
        let (follow_ups, main): (Vec<Hit>, Vec<Hit>) = hits.iter().cloned().partition(|hit| hit.is_follow_up);
        let is_recorded = main.iter().any(|hit| hit.kind == EvidenceKind::Recorded);
        if !is_recorded || follow_ups.is_empty() {
            return hits;
        }
        let (alone, all) = (self.stand(fix, line, &main), self.stand(fix, line, &hits));
        if alone.verdict != all.verdict || alone.release != all.release {
            return hits;
        }
        for hit in &follow_ups {
            notes.push(format!("{} is a follow-up in the same release", short_id(self.history.commit(hit.commit))));
        }
        main
    }

    /// What the releases, up to the last day that counts, hold of `hits`.
    fn stand(&self, fix: &Fix, line: &SeriesLine, hits: &[Hit]) -> Standing {
        let last_day = self.last_day(fix);
        let end = line.releases.iter().position(|release| release.day > last_day).unwrap_or(line.releases.len());
        let mut since = Some(0);
        let mut undone = false;
        let mut notes = Vec::new();
        let mut told: BTreeSet<u32> = BTreeSet::new();
        for hit in hits {
            // Who applies an earlier one again stands in its place.
            if told.contains(&hit.commit) {
                continue;
            }
            let mut seen = events(self.history, line, hit, &fix.id);
            told.extend(seen.iter().map(|event| event.commit));
            seen.retain(|event| self.history.commit(event.commit).committed_s <= end_of(last_day));
            notes.extend(seen.iter().filter_map(|event| event.note.clone()));
            undone |= seen.last().is_some_and(|event| !event.applied);
            since = since.zip(stands_since(line, &seen, end)).map(|(since, stands)| since.max(stands));
        }
        let release = since.filter(|since| *since < line.releases.len());
        if release.is_some() && undone {
            notes.push("it was reverted after the last release: the next one will lack it".to_owned());
        }
        let verdict = match release {
            Some(_) => Verdict::Covered,
            None if undone => Verdict::Missing,
            None => Verdict::NotTaggedYet,
        };
        Standing { verdict, release, notes }
    }
}

/// What releases hold of a fix.
struct Standing {
    verdict: Verdict,
    /// Place of the first release that holds all of it, and after which none lacks it.
    release: Option<usize>,
    notes: Vec<String>,
}

/// A fix, and what is known of it before a series is looked at.
struct OneFix<'a> {
    fix: &'a Fix,
    recorded: Recorded,
    found: finder::FoundFix,
}

/// Whether nobody said which commits on the main branch are the fix.
fn is_to_be_found(fix: &Fix) -> bool {
    fix.main.as_ref().is_none_or(Vec::is_empty)
}
