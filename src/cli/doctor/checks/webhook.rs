//! Do GitHub's deliveries reach us?

use std::collections::BTreeMap;

use super::{
    super::facts::{AppSide, Facts, LocalFacts},
    Finding, answered,
};
use crate::{cli::setup::manifest::webhook_url, github::DeliverySummary};

const CONFIG: &str = "GET /app/hook/config";
const DELIVERIES: &str = "GET /app/hook/deliveries";
const PUBLIC_URL: &str = "setting public_url";

pub(super) fn check(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(health(&facts.local));
    if let Ok(app) = &facts.app {
        findings.extend(address(app, &facts.local));
        findings.push(deliveries(app));
    }
    findings
}

/// From here only: a name that resolves differently inside and outside shows in the deliveries.
fn health(local: &LocalFacts) -> Option<Finding> {
    const ID: &str = "webhook.reachable";
    let public_url = local.public_url.as_deref()?;
    let remedy = "start `embargod serve`, and let the reverse proxy pass /webhook and /healthz to it";
    Some(match local.health? {
        Ok(200) => Finding::ok(ID, PUBLIC_URL, format!("{public_url} answers from here")),
        Ok(status) => Finding::warning(
            ID,
            PUBLIC_URL,
            format!("{public_url}/healthz answers with status {status} from here"),
            remedy,
        ),
        Err(why) => Finding::warning(ID, PUBLIC_URL, format!("{public_url} does not answer from here ({why})"), remedy),
    })
}

fn address(app: &AppSide, local: &LocalFacts) -> Vec<Finding> {
    const ID: &str = "webhook.url";
    let hook = match answered(&app.hook, ID, CONFIG) {
        Ok(hook) => hook,
        Err(finding) => return vec![finding],
    };
    let mut findings = Vec::new();
    let expected = local.public_url.as_deref().map(webhook_url);
    let settings_page = "on the App's settings page, under Webhook";
    findings.push(match expected {
        _ if hook.url.is_empty() => Finding::problem(
            ID,
            CONFIG,
            "the App has no webhook address, so nothing is delivered",
            format!("set {} and \"Active\" {settings_page}", expected.as_deref().unwrap_or("https://HOST/webhook")),
        ),
        None => Finding::note(
            ID,
            CONFIG,
            format!("GitHub delivers to {}; public_url is not set, so that can't be compared", hook.url),
            "set public_url to the address under which the server is reached from outside",
        ),
        Some(expected) if expected.trim_end_matches('/') == hook.url.trim_end_matches('/') => {
            Finding::ok(ID, CONFIG, format!("GitHub delivers to {expected}"))
        }
        Some(expected) => Finding::problem(
            ID,
            CONFIG,
            format!("GitHub delivers to {}, this server listens at {expected}", hook.url),
            format!("set the webhook address to {expected} {settings_page}, or correct public_url"),
        ),
    });
    if hook.insecure_ssl || hook.url.starts_with("http://") {
        findings.push(Finding::warning(
            "webhook.tls",
            CONFIG,
            "deliveries, which may hold unpublished flaws, come over an unprotected connection",
            format!("use an https address and enable SSL verification {settings_page}"),
        ));
    }
    findings
}

fn deliveries(app: &AppSide) -> Finding {
    const ID: &str = "webhook.deliveries";
    let deliveries = match answered(&app.deliveries, ID, DELIVERIES) {
        Ok(deliveries) => deliveries,
        Err(finding) => return finding,
    };
    let Some(newest) = deliveries.iter().max_by_key(|delivery| delivery.delivered_at) else {
        return Finding::note(
            ID,
            DELIVERIES,
            "GitHub remembers no deliveries",
            "install the App, open an issue, and run doctor again",
        );
    };
    // several attempts share one guid; one that succeeded is enough
    let mut reached: BTreeMap<&str, bool> = BTreeMap::new();
    for delivery in deliveries {
        *reached.entry(&delivery.guid).or_default() |= delivery.succeeded();
    }
    let lost = reached.values().filter(|reached| !**reached).count();
    let total = reached.len();
    if !newest.succeeded() {
        Finding::problem(
            ID,
            DELIVERIES,
            format!("the newest delivery failed ({}), with it {lost} of the last {total}", outcome(newest)),
            remedy(newest.status_code),
        )
    } else if lost > 0 {
        Finding::warning(
            ID,
            DELIVERIES,
            format!("{lost} of the last {total} deliveries never arrived; the newest did"),
            "leave `embargod serve` running: it asks GitHub to deliver them again",
        )
    } else {
        Finding::ok(ID, DELIVERIES, format!("the last {total} deliveries arrived"))
    }
}

fn outcome(delivery: &DeliverySummary) -> String {
    match delivery.status_code {
        0 => "no answer".to_owned(),
        status => format!("status {status}"),
    }
}

fn remedy(status: u16) -> &'static str {
    match status {
        401 => "make github.webhook_secrets hold the secret on the App's settings page",
        404 | 405 => "let the webhook address end in /webhook, and the proxy pass it on unchanged",
        413 => "let the proxy pass bodies of up to 25 MiB",
        500..=599 => "look at the server's and the proxy's logs",
        _ => "make the webhook address reachable from the internet; GitHub waits 10 s for an answer",
    }
}
