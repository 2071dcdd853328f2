//! Brings the advisory in step with the case. A value that somebody changed there by hand is shown at the desk and left.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of, desk_word};
use crate::{
    domain::{
        case::CreditName,
        commands::acts::{AdvisoryFields, WriteAdvisory},
        policy::SeverityLevel,
        record::RecordWrite,
    },
    engine::{
        Shop, Trouble,
        desks::{AdvisoryWritten, speak},
    },
    github::{Advisory, AdvisoryEdit},
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
        let Plan { edit, written, mut told } = plan(&action, &stands, last.clone());
        let by_hand = "its advisory is to be brought in step by hand";
        let mut written_now = written;
        if let Some(edit) = edit {
            match github.update_advisory(&case.repository, ghsa, &edit).await {
                Ok(_) => {}
                Err(error) if speak::is_refusal(&error) => {
                    told = vec![
                        "GitHub did not take the changes of the advisory. Please set severity, CVSS, CWE and CVE there as \
                         `/status` shows them."
                            .to_owned(),
                    ];
                    written_now = last.clone();
                }
                Err(error) => return Err(error.into()),
            }
        }
        told.extend(left_to_people(&action.fields, &stands));
        let mut performed = if told.is_empty() {
            Performed::with(json!({ "in_step": true }))
        } else {
            let list: String = told.iter().map(|line| format!("- [ ] {line}\n")).collect();
            desk_word::say(shop, &case, &task, &format!("About the advisory:\n\n{list}"), by_hand).await?
        };
        written_now.case = action.case;
        if written_now != last {
            performed.commit.records.push(RecordWrite::guarded(&written_now, version));
        }
        Ok(performed)
    }

    fn by_hand(&self) -> &'static str {
        "The advisory is not in step with its case: set severity, CVSS, CWE and CVE there by hand"
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

fn plan(action: &WriteAdvisory, stands: &Advisory, last: AdvisoryWritten) -> Plan {
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
    Plan { edit: any.then_some(edit), written, told }
}

/// What this version does not write into the advisory.
fn left_to_people(fields: &AdvisoryFields, stands: &Advisory) -> Vec<String> {
    let mut told = Vec::new();
    let missing: Vec<String> = fields
        .credits
        .iter()
        .filter_map(|credit| match &credit.named {
            Some(CreditName::Login(login)) => Some(login),
            _ => None,
        })
        .filter(|login| !stands.credits.iter().any(|credit| credit.login.eq_ignore_ascii_case(login)))
        .map(|login| format!("@{login}"))
        .collect();
    if !missing.is_empty() {
        told.push(format!("Please add the credits there by hand: {}.", missing.join(", ")));
    }
    if !fields.affects.is_empty() {
        let series: Vec<&str> = fields.affects.iter().map(String::as_str).collect();
        told.push(format!("Please set the affected versions there by hand; affected: {}.", series.join(", ")));
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
