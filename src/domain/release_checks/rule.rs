//! The decisions about a release tag: one for everybody, one for each case that is not public.

use jiff::{SignedDuration, Timestamp};

use super::{
    actions::{CheckPlace, PutCheckRun},
    advisory::PublishedAdvisory,
    findings::{PrivateFinding, TagFinding},
    holding::Holding,
    records::{CaseCoverage, ReleaseCheck},
    tag::TagFacts,
    texts::check_of,
};
use crate::domain::{
    case::{Alert, CaseId},
    coverage::FixCoverage,
    decision::Decision,
    effect::Effect,
    intake::actions::{DeskNews, TellDesk},
    post::RepoName,
    reason::Reason,
    record::{RecordWrite, Versioned},
};

/// A tag may be pushed so long before the instant of its fix: artefacts come first on a release day.
pub const TAG_LEAD: SignedDuration = SignedDuration::from_mins(15);

/// Where this is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// Number of the repository.
    pub repository_id: u64,
    /// Its name.
    pub repository: RepoName,
    /// The installation through which it is reached.
    pub installation_id: u64,
}

/// A published fix that concerns the tag's series.
#[derive(Clone, Debug)]
pub struct PublicFix<'a> {
    /// The advisory that published it.
    pub advisory: &'a PublishedAdvisory,
    /// Whether the tag holds it.
    pub holding: Holding,
}

/// What is asked about a tag. Everything in it is public, but for `alerts`, which only say what was told before.
pub struct PublicInquiry<'a> {
    /// Where.
    pub mirrored: &'a Mirrored,
    /// The tag.
    pub tag: &'a TagFacts,
    /// Whether the policy wants signatures.
    pub wants_signature: bool,
    /// The published fixes with a cell for its series.
    pub fixes: &'a [PublicFix<'a>],
    /// Its check as it was written last.
    pub known: Option<&'a Versioned<ReleaseCheck>>,
    /// Whether GitHub refused to put that check when it was tried last.
    pub was_refused: bool,
    /// Alerts that were raised about releases.
    pub alerts: &'a [Alert],
    /// When it was first heard of.
    pub seen_at: Timestamp,
    /// The instant.
    pub now: Timestamp,
}

/// The fix of a case that is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateFix {
    /// The case.
    pub case: CaseId,
    /// No release with it before this instant.
    pub not_before: Option<Timestamp>,
    /// Whether the tag holds it; `None` where its series has no cell.
    pub holding: Option<Holding>,
    /// The instant of its oldest commit in the public history; `None` while none of its commits is there.
    pub out_since: Option<Timestamp>,
    /// Whether the history is known to be whole.
    pub history_is_whole: bool,
}

/// What is asked about a tag and one case.
pub struct PrivateInquiry<'a> {
    /// Where.
    pub mirrored: &'a Mirrored,
    /// The tag.
    pub tag: &'a TagFacts,
    /// The case's fix.
    pub fix: &'a PrivateFix,
    /// Alerts that were raised about releases.
    pub alerts: &'a [Alert],
    /// When the tag was first heard of.
    pub seen_at: Timestamp,
    /// The instant.
    pub now: Timestamp,
}

/// What everybody may read about a tag, and what maintainers should know that everybody could find out; `None` where
/// nothing is different from what was decided before.
pub fn decide_public(inquiry: &PublicInquiry<'_>) -> Option<Decision> {
    let PublicInquiry { mirrored, tag, fixes, known, .. } = inquiry;
    let text = check_of(tag, inquiry.wants_signature, fixes);
    let commit = tag.commit.to_string();
    let before = known.map(|known| &known.value);
    let same = !inquiry.was_refused && before.is_some_and(|before| before.text == text && before.commit == commit);
    let findings = TagFinding::of(tag, inquiry.wants_signature);
    let mut told: Vec<(String, String)> =
        findings.iter().map(|finding| (finding.rule().to_owned(), finding.sentence(&tag.tag))).collect();
    for fix in fixes.iter().filter(|fix| tag.newest && fix.holding.is_lack()) {
        let claimed = if fix.advisory.claims(&tag.tag) { ", although the advisory calls it patched" } else { "" };
        let sentence =
            format!("the release {} does not hold the published fix of {}{claimed}", tag.tag, fix.advisory.id());
        told.push((format!("lacks_published_fix/{}", fix.advisory.ghsa), sentence));
    }
    let prefix = format!("release:{}/{}/", mirrored.repository_id, tag.tag);
    let alerts = changed_alerts(inquiry.alerts, &prefix, None, mirrored, &told, inquiry.now);
    if same && alerts.is_empty() {
        return None;
    }
    let mut reasons = vec![Reason::new(
        "release.tag",
        format!("{} is a release of {} and stands on {}", tag.tag, tag.series, &commit[..10]),
    )];
    reasons.extend(told.iter().map(|(rule, text)| {
        let rule = rule.split('/').next().unwrap_or(rule);
        Reason::new(format!("release.{rule}"), text.clone())
    }));
    let listed = fixes.len();
    reasons.push(Reason::new(
        "release.check",
        match (listed, text.conclusion.word()) {
            (0, _) => "no published fix concerns it: the check run says what it says of every tag".to_owned(),
            (many, word) => format!("{many} published fixes concern it: the check run ends {word}"),
        },
    ));
    let mut records = alerts;
    let mut effects = Vec::new();
    if !same {
        let check = ReleaseCheck {
            repository_id: mirrored.repository_id,
            tag: tag.tag.clone(),
            commit,
            revision: before.map_or(1, |before| before.revision + 1),
            text,
            seen_at: before.map_or(inquiry.seen_at, |before| before.seen_at),
        };
        let key = ReleaseCheck::key_of(mirrored.repository_id, &tag.tag);
        let action = PutCheckRun {
            place: CheckPlace { installation_id: mirrored.installation_id, repository: mirrored.repository.clone() },
            check: key.clone(),
            revision: check.revision,
        };
        let name = format!("check:{key}#{}", check.revision);
        effects.push(Effect::new(name, format!("checks:{}", mirrored.repository_id), &action));
        records.push(RecordWrite::guarded(&check, known.map_or(0, |known| known.version)));
    }
    let outcome = if told.is_empty() { "tag_checked" } else { "tag_findings" };
    Some(Decision { outcome: outcome.to_owned(), records, effects, reasons, ..Decision::default() })
}

/// What maintainers should know about a tag and the fix of a case that is not public; `None` where nothing is different from
/// what was decided before. Nothing of it is for the public, and it puts no check run.
pub fn decide_private(inquiry: &PrivateInquiry<'_>) -> Option<Decision> {
    let PrivateInquiry { mirrored, tag, fix, .. } = inquiry;
    let case = fix.case.as_str();
    let found = private_finding(fix, tag.newest, inquiry.seen_at);
    let told: Vec<(String, String)> =
        found.iter().map(|finding| (format!("{}/{case}", finding.rule()), finding.sentence(&tag.tag))).collect();
    let prefix = format!("release-case:{}/{}/", mirrored.repository_id, tag.tag);
    let records = changed_alerts(inquiry.alerts, &prefix, Some(case), mirrored, &told, inquiry.now);
    if records.is_empty() {
        return None;
    }
    let reasons = match &found {
        Some(finding) => vec![Reason::new(format!("release.{}", finding.rule()), finding.sentence(&tag.tag))],
        None => vec![Reason::new("release.mended", format!("nothing speaks against the release {} any more", tag.tag))],
    };
    let effects = found.iter().map(|finding| {
        let news = DeskNews::Release { sentence: finding.sentence(&tag.tag) };
        let tell = TellDesk { case: case.to_owned(), news };
        let key = format!("tell:{case}/release/{}/{}@{}", tag.tag, finding.rule(), tag.commit);
        Effect::new(key, format!("case:{case}"), &tell).for_case(case)
    });
    Some(Decision {
        outcome: if found.is_some() { "release_finding" } else { "release_mended" }.to_owned(),
        effects: effects.collect(),
        records,
        case: Some(case.to_owned()),
        reasons,
        ..Decision::default()
    })
}

fn private_finding(fix: &PrivateFix, newest: bool, seen_at: Timestamp) -> Option<PrivateFinding> {
    let case = fix.case.to_string();
    let too_early = |not_before: &Timestamp| seen_at.checked_add(TAG_LEAD).is_ok_and(|latest| latest < *not_before);
    match (&fix.holding, fix.out_since) {
        (Some(Holding::Held { .. }), _) => {
            let not_before = fix.not_before.filter(too_early)?;
            Some(PrivateFinding::TooEarly { case, not_before })
        }
        _ if !newest => None,
        // A release from before the fix was out lacks it, and everybody knows why.
        (Some(holding), Some(out_since)) if holding.is_lack() && seen_at >= out_since => {
            Some(PrivateFinding::Lacks { case, holding: holding.clone() })
        }
        (Some(Holding::Unknown), Some(_)) => Some(PrivateFinding::CannotTell { case }),
        (Some(Holding::Unknown), None) if !fix.history_is_whole => Some(PrivateFinding::CannotTell { case }),
        _ => None,
    }
}

/// The alerts to write so that those below `prefix` (and, for a case, about it) say `told` and nothing else. What a
/// maintainer has closed stays closed while it says the same.
fn changed_alerts(
    alerts: &[Alert],
    prefix: &str,
    case: Option<&str>,
    mirrored: &Mirrored,
    told: &[(String, String)],
    now: Timestamp,
) -> Vec<RecordWrite> {
    let wanted: Vec<Alert> = told
        .iter()
        .map(|(rule, text)| Alert {
            id: format!("{prefix}{rule}"),
            at: now,
            repository: mirrored.repository.clone(),
            case: case.map(str::to_owned),
            text: text.clone(),
            resolved_at: None,
        })
        .collect();
    let fresh =
        wanted.iter().filter(|wanted| !alerts.iter().any(|known| known.id == wanted.id && known.text == wanted.text));
    // Where a tag stood before is known once only.
    let over = alerts.iter().filter(|known| {
        known.resolved_at.is_none()
            && known.id.starts_with(prefix)
            && !known.id.ends_with("/moved")
            && known.case.as_deref() == case
            && !wanted.iter().any(|wanted| wanted.id == known.id)
    });
    let over = over.map(|known| Alert { resolved_at: Some(now), ..known.clone() });
    fresh.cloned().chain(over).map(|alert| RecordWrite::overwriting(&alert)).collect()
}

/// The matrix of a case, to be kept, if it differs from what is `known`.
pub fn matrix_of(
    case: &CaseId,
    coverage: &FixCoverage,
    known: Option<&Versioned<CaseCoverage>>,
    now: Timestamp,
) -> Option<RecordWrite> {
    let fresh = CaseCoverage::new(case.as_str(), now, coverage.cells.clone());
    let same = known.is_some_and(|known| CaseCoverage { judged_at: now, ..known.value.clone() } == fresh);
    (!same).then(|| RecordWrite::guarded(&fresh, known.map_or(0, |known| known.version)))
}

/// The mirror cannot be brought up to date: maintainers are told, and nobody can tell any more what releases hold. `None`
/// where that was told before and is open.
pub fn mirror_in_trouble(
    mirrored: &Mirrored,
    why: &str,
    matrices: &[Versioned<CaseCoverage>],
    alert: Option<&Alert>,
    now: Timestamp,
) -> Option<Decision> {
    let text = format!(
        "the mirror of {} cannot be brought up to date ({why}). What its release tags hold is unknown until that works \
         again; it goes on being tried",
        mirrored.repository
    );
    if alert.is_some_and(|alert| alert.resolved_at.is_none() && alert.text == text) {
        return None;
    }
    let raised = Alert {
        id: mirror_alert(mirrored.repository_id),
        at: now,
        repository: mirrored.repository.clone(),
        case: None,
        text,
        resolved_at: None,
    };
    let unknown = matrices.iter().filter(|matrix| matrix.value.trouble.is_none()).map(|matrix| {
        let trouble = Some("the mirror cannot be brought up to date".to_owned());
        RecordWrite::guarded(&CaseCoverage { trouble, ..matrix.value.clone() }, matrix.version)
    });
    Some(Decision {
        outcome: "mirror_failed".to_owned(),
        records: unknown.chain([RecordWrite::overwriting(&raised)]).collect(),
        reasons: vec![Reason::new("release.mirror", format!("the mirror cannot be brought up to date: {why}"))],
        ..Decision::default()
    })
}

/// The mirror works again; `None` where nobody was told that it did not.
pub fn mirror_works(alert: Option<&Alert>, now: Timestamp) -> Option<Decision> {
    let open = alert.filter(|alert| alert.resolved_at.is_none())?;
    Some(Decision {
        outcome: "mirror_mended".to_owned(),
        records: vec![RecordWrite::overwriting(&Alert { resolved_at: Some(now), ..open.clone() })],
        reasons: vec![Reason::new("release.mirror", "the mirror is up to date again; its alert is resolved")],
        ..Decision::default()
    })
}

/// The name of the alert about a mirror.
pub fn mirror_alert(repository_id: u64) -> String {
    format!("mirror:{repository_id}")
}

/// The name of the alert that GitHub refuses the check runs of a repository.
pub fn refused_checks_alert(repository_id: u64) -> String {
    format!("check-runs:{repository_id}")
}
