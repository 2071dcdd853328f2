//! Disclosures that arrive while a long backlog is drained: how long their words stand in public.

use std::time::{Duration, Instant};

use embargod::{domain::intake::texts, standin::LoggedRequest};

use super::{Arguments, REPOSITORIES, client::quantile, drain::fill, payloads::Templates, process, site::waiting};
use crate::{Failure, posts, stage::Kind};

/// Pause between two disclosures.
const PACE: Duration = Duration::from_millis(250);

/// How long the last disclosures are waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures one store; whether everything drained and every disclosure was redirected.
pub async fn measure(arguments: &Arguments, templates: &Templates, kind: Kind) -> Result<bool, Failure> {
    let site = arguments.site(kind).await?;
    fill(&site, templates, arguments.backlog, arguments.body_bytes).await?;
    let store = site.store().await?;
    let program = site.start(None).await?;
    let pid = program.pid().ok_or("the server is gone")?;
    let github = &site.stage.github;
    github.set_couriers(4);
    github.set_hook_url(&format!("http://{}/webhook", program.listen));
    let (began, at_first) = (Instant::now(), process::memory_mib(pid)?.0);
    let mut opened: Vec<(String, Instant)> = Vec::new();
    let mut pace = tokio::time::interval(PACE);
    let mut drained_after = None;
    while drained_after.is_none() {
        pace.tick().await;
        let count = opened.len();
        let post = posts::disclosure(&format!("y{count:06}q"));
        let (author, repository) = (format!("reporter-{count}"), &site.stage.repositories[count % REPOSITORIES]);
        github.add_user(&author);
        let asked = Instant::now();
        let number = github
            .open_issue(repository, &author, &post.title, &post.body)
            .map_err(|refusal| format!("the stand-in refused a post: {refusal}"))?;
        opened.push((format!("/repos/{repository}/issues/{number}"), asked));
        // the disclosures' own deliveries keep it from ever being quite empty
        if waiting(&*store).await? < 20 {
            drained_after = Some(began.elapsed());
        }
        if began.elapsed() > Duration::from_secs(3_600) {
            return Err("the backlog does not drain".to_owned());
        }
    }
    let drained_after = drained_after.unwrap_or_default().as_secs_f64();
    let all_by = Instant::now() + PATIENCE;
    let exposed = loop {
        let exposed = exposures(&github.requests(), &opened);
        if exposed.len() == opened.len() || Instant::now() > all_by {
            break exposed;
        }
        tokio::time::sleep(PACE).await;
    };
    let peak = process::memory_mib(pid)?.1;
    program.kill().await?;
    let ms = |share| quantile(&exposed, share) / 1_000.0;
    println!(
        "Disclosures during a backlog of {} deliveries, {}:\n\n\
         | drained in s | a second | disclosures | redirected | exposed p50 ms | p99 ms | longest ms | MiB at first | at most |\n\
         |---|---|---|---|---|---|---|---|---|\n\
         | {drained_after:.1} | {:.0} | {} | {} | {:.0} | {:.0} | {:.0} | {at_first:.0} | {peak:.0} |\n",
        arguments.backlog,
        kind.name(),
        arguments.backlog as f64 / drained_after,
        opened.len(),
        exposed.len(),
        ms(0.5),
        ms(0.99),
        ms(1.0),
    );
    let fine = exposed.len() == opened.len();
    site.close()?;
    Ok(fine)
}

/// From each post to the request that took its words away, in microseconds, sorted.
fn exposures(requests: &[LoggedRequest], opened: &[(String, Instant)]) -> Vec<u64> {
    let redactions: std::collections::HashMap<&str, Instant> = requests
        .iter()
        .filter(|request| request.method == "PATCH" && request.body["body"] == texts::NEUTRAL_BODY)
        .rev()
        .map(|request| (request.path.as_str(), request.instant))
        .collect();
    let mut exposed: Vec<u64> = opened
        .iter()
        .filter_map(|(path, posted)| Some(redactions.get(path.as_str())?.duration_since(*posted).as_micros() as u64))
        .collect();
    exposed.sort_unstable();
    exposed
}
