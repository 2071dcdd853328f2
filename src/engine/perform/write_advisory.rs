//! Brings the advisory in step with the case. A value that somebody changed there by hand is shown at the desk and left.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word, versions};
use crate::{
    domain::{
        case::{Case, Credit, CreditName, Handling},
        commands::acts::{AdvisoryFields, WriteAdvisory},
        embargoed::Clearance,
        intake::desk,
        policy::SeverityLevel,
        record::RecordWrite,
    },
    engine::{
        Shop, Trouble,
        desks::{AdvisoryWritten, series, speak},
        releases::proof,
    },
    github::{Advisory, AdvisoryCredit, AdvisoryEdit, AdvisoryState, AffectedVersions, CreditType, Installation},
};

pub(super) struct Write;

#[async_trait]
impl Performer<WriteAdvisory> for Write {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: WriteAdvisory) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?.value;
        let Some(ghsa) = case.ghsa() else {
            return Ok(Performed::left_alone("the case has no advisory"));
        };
        let github = shop.github.installation(case.installation_id);
        let known = shop.read::<AdvisoryWritten>(&action.case).await?;
        let version = known.as_ref().map_or(0, |known| known.version);
        let last = known.map(|known| known.value).unwrap_or_default();
        let stands = github.advisory(&case.repository, ghsa).await?;
        let versions = versions_of(shop, &case, &action.fields, &stands).await?;
        let Plan { edit, written, mut told } = plan(&action, &case, versions.as_deref(), &stands, last.clone());
        let mut written_now = written;
        if let Some(edit) = edit {
            match github.update_advisory(&case.repository, ghsa, &edit).await {
                Ok(_) => {}
                Err(error) if speak::is_refusal(&error) => {
                    told = vec![
                        "GitHub did not take the changes of the advisory. Please set severity, CVSS, CWE, CVE, versions and \
                         credits there as `/status` shows them."
                            .to_owned(),
                    ];
                    written_now = last.clone();
                }
                Err(error) => return Err(error.into()),
            }
        }
        told.extend(accepted_there(&github, &case, ghsa, &stands).await?);
        let (closed, left) = closed_there(&github, &case, ghsa, &stands, last.closed).await?;
        told.extend(left);
        written_now.closed = closed;
        told.extend(left_to_people(&action.fields, &case, versions.as_deref(), &stands, &shop.clearance));
        written_now.case = action.case;
        let news: Vec<String> = told.iter().filter(|line| !last.told.contains(line)).cloned().collect();
        written_now.told = told;
        let mut performed = if news.is_empty() {
            Performed::with(json!({ "in_step": true }))
        } else {
            let list: String = news.iter().map(|line| format!("- [ ] {line}\n")).collect();
            let by_hand = "its advisory is to be brought in step by hand";
            desk_word::say(shop, &case, &task, &format!("About the advisory:\n\n{list}"), by_hand).await?
        };
        if written_now != last {
            performed.commit.records.push(RecordWrite::guarded(&written_now, version));
        }
        Ok(performed)
    }

    fn by_hand(&self) -> &'static str {
        "The advisory is not in step with its case: set severity, CVSS, CWE, CVE, versions and credits there by hand"
    }
}

struct Plan {
    /// What to change, if anything.
    edit: Option<AdvisoryEdit>,
    /// What the bot wrote last, afterwards.
    written: AdvisoryWritten,
    /// What differs by somebody's hand.
    told: Vec<String>,
}

/// What one field needs.
enum Step {
    Agreed,
    Write,
    Drifted,
}

fn step<T: PartialEq>(wanted: &T, stands: &T, last: &T, empty: &T) -> Step {
    if wanted == stands || wanted == empty {
        Step::Agreed
    } else if stands == empty || stands == last {
        Step::Write
    } else {
        Step::Drifted
    }
}

/// A report that is accepted here is accepted at GitHub as well: from triage it becomes a draft. Says what is left to people.
async fn accepted_there(
    github: &Installation,
    case: &Case,
    ghsa: &str,
    stands: &Advisory,
) -> Result<Option<String>, Trouble> {
    if !case.handling.is_in_work() || stands.state != AdvisoryState::Triage {
        return Ok(None);
    }
    let edit = AdvisoryEdit { state: Some(AdvisoryState::Draft), ..AdvisoryEdit::default() };
    match github.update_advisory(&case.repository, ghsa, &edit).await {
        Ok(_) => Ok(None),
        Err(error) if speak::is_refusal(&error) => {
            Ok(Some("The report is accepted here, and still in triage at GitHub: please accept it there.".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The advisory of a case that is over without a release is closed, and opened again with the case. What a hand did to it since
/// stays. Says whether it is closed by the bot, and what is left to people.
async fn closed_there(
    github: &Installation,
    case: &Case,
    ghsa: &str,
    stands: &Advisory,
    closed_before: bool,
) -> Result<(bool, Option<String>), Trouble> {
    use Handling::{Duplicate, Rejected, Upstream, Withdrawn};
    let is_over = matches!(case.handling, Rejected | Duplicate | Upstream | Withdrawn);
    let is_open = matches!(stands.state, AdvisoryState::Triage | AdvisoryState::Draft);
    let state = match (is_over, is_open, closed_before) {
        (true, true, false) => AdvisoryState::Closed,
        (false, false, true) if stands.state == AdvisoryState::Closed => AdvisoryState::Draft,
        (true, true, true) => {
            let handling = case.handling.word().replace('_', " ");
            let left = format!(
                "The advisory was opened again by hand, and the case is {handling}: `/reopen -- why`, or close it there."
            );
            return Ok((true, Some(left)));
        }
        _ => return Ok((is_over && closed_before, None)),
    };
    let edit = AdvisoryEdit { state: Some(state), ..AdvisoryEdit::default() };
    let word = if is_over { "closed" } else { "opened again" };
    match github.update_advisory(&case.repository, ghsa, &edit).await {
        Ok(_) => Ok((is_over, None)),
        Err(error) if speak::is_refusal(&error) => {
            let handling = case.handling.word().replace('_', " ");
            let left =
                format!("The case is {handling}, and its advisory could not be {word}: please do that at GitHub.");
            Ok((closed_before, Some(left)))
        }
        Err(error) => Err(error.into()),
    }
}

/// The affected versions of the case's series; `None` where it names none, or where the releases are not known.
async fn versions_of(
    shop: &Shop,
    case: &Case,
    fields: &AdvisoryFields,
    stands: &Advisory,
) -> Result<Option<Vec<AffectedVersions>>, Trouble> {
    if fields.affects.is_empty() {
        return Ok(None);
    }
    let policy = shop.policies.of_case(shop, case).await?;
    let Some(releases) = series::releases(shop, case, &policy, shop.clock.now()).await? else {
        return Ok(None);
    };
    let matrix = proof(&shop.store, case.id.as_str()).await?.and_then(|proof| proof.matrix);
    let cells = matrix.map(|matrix| matrix.cells()).unwrap_or_default();
    let versions = versions::of(&fields.affects, &releases, &cells, stands, &case.repository.name);
    Ok(Some(versions).filter(|versions| !versions.is_empty()))
}

fn plan(
    action: &WriteAdvisory,
    case: &Case,
    versions: Option<&[AffectedVersions]>,
    stands: &Advisory,
    last: AdvisoryWritten,
) -> Plan {
    let fields = &action.fields;
    let (mut edit, mut written, mut told) = (AdvisoryEdit::default(), last.clone(), Vec::new());
    let mut any = false;
    let drifted = |what: &str, there: &str, here: &str| {
        format!(
            "{what} there is `{there}`, set by hand; the case says `{here}`. It is left as it is: change one of the two."
        )
    };
    // GitHub takes a vector or a severity: with a vector it computes the severity itself.
    if let Some(vector) = &fields.cvss {
        let wanted = Some(vector.clone());
        match step(&wanted, &stands.cvss, &last.cvss, &None) {
            Step::Agreed => written.cvss = wanted,
            Step::Write => {
                (edit.cvss_vector_string, written.cvss, any) = (wanted.clone(), wanted, true);
            }
            Step::Drifted => told.push(drifted("The CVSS vector", stands.cvss.as_deref().unwrap_or_default(), vector)),
        }
    } else if let Some(level) = fields.severity {
        let wanted = Some(github_word(level).to_owned());
        match step(&wanted, &stands.severity, &last.severity, &None) {
            Step::Agreed => written.severity = wanted,
            Step::Write => {
                (edit.severity, written.severity, any) = (wanted.clone(), wanted, true);
            }
            Step::Drifted => {
                told.push(drifted("The severity", stands.severity.as_deref().unwrap_or_default(), github_word(level)));
            }
        }
    }
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    let (wanted, there) = (sorted(&fields.cwes), sorted(&stands.cwes));
    match step(&wanted, &there, &sorted(&last.cwes), &Vec::new()) {
        Step::Agreed => written.cwes = wanted,
        Step::Write => {
            (edit.cwe_ids, written.cwes, any) = (Some(wanted.clone()), wanted, true);
        }
        Step::Drifted => told.push(drifted("The list of weaknesses", &there.join(", "), &wanted.join(", "))),
    }
    match step(&fields.cve, &stands.cve_id, &last.cve, &None) {
        Step::Agreed => written.cve.clone_from(&fields.cve),
        Step::Write => {
            (edit.cve_id, written.cve, any) = (fields.cve.clone(), fields.cve.clone(), true);
        }
        Step::Drifted => {
            let (there, here) = (stands.cve_id.as_deref(), fields.cve.as_deref());
            told.push(drifted("The CVE number", there.unwrap_or_default(), here.unwrap_or_default()));
        }
    }
    if let Some(wanted) = versions {
        // What says nothing of versions was not set by anybody.
        let says = |one: &AffectedVersions| one.range.is_some() || one.patched.is_some();
        let there: Vec<AffectedVersions> =
            if stands.affected.iter().any(says) { stands.affected.clone() } else { Vec::new() };
        match step(&wanted.to_vec(), &there, &last.versions, &Vec::new()) {
            Step::Agreed => written.versions = wanted.to_vec(),
            Step::Write => {
                (edit.vulnerabilities, written.versions, any) = (Some(wanted.to_vec()), wanted.to_vec(), true);
            }
            Step::Drifted => {
                told.push(drifted("The list of affected versions", &versions::words(&there), &versions::words(wanted)));
            }
        }
    }
    if let Some(credits) = credited(case, &fields.credits, &stands.credits) {
        (edit.credits, any) = (Some(credits), true);
    }
    Plan { edit: any.then_some(edit), written, told }
}

/// The credits as finders want them, where that differs from what stands there: who is named by account is in the list,
/// who wants another name or none is not. Others stay.
fn credited(case: &Case, wanted: &[Credit], stands: &[AdvisoryCredit]) -> Option<Vec<AdvisoryCredit>> {
    let mut list = stands.to_vec();
    for credit in wanted {
        let is = |login: &str, one: &AdvisoryCredit| one.login.eq_ignore_ascii_case(login);
        let by_account = match &credit.named {
            None => continue,
            Some(CreditName::Login(login)) => Some(login),
            Some(CreditName::Name(_) | CreditName::Anonymous) => None,
        };
        if let Some(finder) = credit.finder.as_ref().filter(|finder| Some(*finder) != by_account) {
            list.retain(|one| !is(finder, one));
        }
        if let Some(login) = by_account.filter(|login| !list.iter().any(|one| is(login, one))) {
            let reported =
                credit.finder.as_ref().is_some_and(|finder| finder.eq_ignore_ascii_case(&case.reporter.login));
            let kind = if reported { CreditType::Reporter } else { CreditType::Finder };
            list.push(AdvisoryCredit { login: login.clone(), kind });
        }
    }
    (list != stands).then_some(list)
}

/// What is left to people's hands.
fn left_to_people(
    fields: &AdvisoryFields,
    case: &Case,
    versions: Option<&[AffectedVersions]>,
    stands: &Advisory,
    clearance: &Clearance,
) -> Vec<String> {
    let mut told = Vec::new();
    let named = fields.credits.iter().filter_map(|credit| match &credit.named {
        Some(CreditName::Name(name)) => Some(format!("\u{201c}{name}\u{201d}")),
        _ => None,
    });
    let named: Vec<String> = named.collect();
    if !named.is_empty() {
        told.push(format!("GitHub credits accounts alone: please thank {} in the text.", named.join(", ")));
    }
    if !fields.affects.is_empty() && versions.is_none() {
        let series: Vec<&str> = fields.affects.iter().map(String::as_str).collect();
        told.push(format!("Please set the affected versions there by hand; affected: {}.", series.join(", ")));
    }
    if case.handling.is_in_work() && *stands.summary.open(clearance) == desk::summary(case) {
        told.push(
            "Title and text of the advisory are still the working ones, and they become public with it: please write them \
             for readers."
                .to_owned(),
        );
    }
    told
}

fn github_word(level: SeverityLevel) -> &'static str {
    match level {
        SeverityLevel::Low => "low",
        SeverityLevel::Moderate => "medium",
        SeverityLevel::High => "high",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hand_set_is_never_overwritten() {
        let wanted = Some("high".to_owned());
        let low = Some("low".to_owned());
        assert!(matches!(step(&wanted, &None, &None, &None), Step::Write));
        assert!(matches!(step(&wanted, &low, &low, &None), Step::Write), "what the bot wrote it may change");
        assert!(matches!(step(&wanted, &low, &None, &None), Step::Drifted));
        assert!(matches!(step(&wanted, &low, &Some("medium".to_owned()), &None), Step::Drifted));
        assert!(matches!(step(&wanted, &wanted, &None, &None), Step::Agreed));
        assert!(
            matches!(step(&None, &low, &None, &None), Step::Agreed),
            "what the case does not know it does not clear"
        );
    }
}
