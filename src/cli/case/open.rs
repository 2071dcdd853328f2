//! `embargod case open`: a case that nobody reported where the program looks.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;

use crate::{
    cli::{FINE, INTERNAL, NO, USAGE, by_hand},
    clock::SystemClock,
    domain::{policy::Policy, post::RepoName},
    engine::{Engine, OBSERVED, Trouble, opened_case, request_case},
    server,
    settings::Settings,
};

/// How long the command waits for the case; the server goes on with it afterwards.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `embargod case open`.
#[derive(Args)]
pub struct OpenArgs {
    /// The repository that it concerns, as owner/name. The App must be installed there.
    #[arg(long, value_name = "OWNER/NAME")]
    repository: RepoName,
    /// What it is about, for the desk. Kept sealed; mind your shell's history.
    #[arg(long, value_name = "TEXT")]
    title: String,
    /// An advisory that is there already; it becomes the desk. Without it a desk is made.
    #[arg(long, value_name = "GHSA")]
    ghsa: Option<String>,
    /// Settings file, as for `embargod serve`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub(super) async fn run(args: OpenArgs) -> u8 {
    let opened = match Settings::load(args.config.as_deref()) {
        Ok(settings) => server::engine(&settings, Arc::new(SystemClock)).await,
        Err(problems) => Err(problems),
    };
    let engine = match opened {
        Ok(engine) => engine,
        Err(problems) => {
            eprintln!("embargod: the settings are not complete\n{problems}");
            return USAGE;
        }
    };
    match open(&engine, &args).await {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("embargod: no case could be opened: {trouble}");
            INTERNAL
        }
    }
}

async fn open(engine: &Engine, args: &OpenArgs) -> Result<u8, Trouble> {
    let shop = engine.shop();
    // What cannot work is said at once rather than tried for hours.
    let Some(installation) = shop.github.app().installation_of(&args.repository).await? else {
        eprintln!("embargod: the App is not installed in {}", args.repository);
        return Ok(USAGE);
    };
    let facts = shop.github.installation(installation.id).repository(&args.repository).await?;
    let organisation = facts.owner_is_organisation;
    let in_force = shop.policies.in_force(shop, installation.id, facts.id, &facts.name, organisation).await?;
    if in_force.policy == Policy::observing() {
        eprintln!("embargod: {OBSERVED}");
        return Ok(USAGE);
    }
    if let Some(ghsa) = &args.ghsa {
        shop.github.installation(installation.id).advisory(&args.repository, ghsa).await?;
    }
    shop.store.begin_serving(shop.clock.now()).await?;
    let by = by_hand::operator();
    let asked = request_case(shop, &args.repository, &args.title, args.ghsa.as_deref(), &by).await?;
    // A running server may take the work first; both ways end in the same case.
    let started = tokio::time::Instant::now();
    loop {
        engine.settle().await?;
        if let Some(case) = opened_case(shop, &asked).await? {
            println!("{case}");
            return Ok(FINE);
        }
        if started.elapsed() > PATIENCE {
            eprintln!("embargod: it is asked for and not done yet; see `embargod case list` and `embargod deliveries`");
            return Ok(NO);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
