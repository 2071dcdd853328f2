//! `embargod setup`: registers the App with GitHub and writes its keys and settings.
//!
//! What flows in: where GitHub is, and where to write. A browser on this machine opens one page, GitHub asks its owner to
//! confirm, and sends the browser back with a code that is exchanged for the App's credentials (GitHub, "Registering a
//! GitHub App from a manifest"). What flows out: four files that only their owner may read, and what to do next. What it
//! must never do: overwrite a file, print a secret, listen outside of loopback, or take a code that it did not ask for.

mod browser;
mod files;
pub mod manifest;
mod page;
mod problem;
mod server;
mod wire;

#[cfg(test)]
mod tests;

use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Url;

pub use problem::SetupProblem;
pub use wire::run;

use self::{files::Folder, manifest::AppManifest, server::Registration};
use crate::{
    clock::SharedClock,
    github::{DEFAULT_API_BASE, NewApp},
};

/// GitHub gives an hour from the first step to the last.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// Arguments of `embargod setup`.
#[derive(Clone, clap::Args)]
pub struct SetupArgs {
    /// Register the App for this organisation instead of your own account.
    #[arg(long, value_name = "ORG", value_parser = organisation)]
    pub organisation: Option<String>,
    /// Where the page is served while you register; on loopback only. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value_t = default_listen())]
    pub listen: SocketAddr,
    /// Where the server will be reached from the internet; its webhooks go to URL/webhook.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// GitHub's web address; another one for GitHub Enterprise Server.
    #[arg(long, value_name = "URL", default_value = "https://github.com")]
    pub github_url: Url,
    /// Where GitHub's API begins; https://HOST/api/v3 on GitHub Enterprise Server.
    #[arg(long, value_name = "URL", default_value = DEFAULT_API_BASE)]
    pub api_base: Url,
    /// The folder to write to.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Print the page's address and do not open a browser.
    #[arg(long)]
    pub no_browser: bool,
}

fn default_listen() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3002)
}

fn organisation(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if text.is_empty() || !plain {
        return Err("an organisation's name has letters, digits and hyphens only".to_owned());
    }
    Ok(text.to_owned())
}

/// Makes a new sealing key at a path where there is none; an error is for people and holds no secret.
pub type SealingKeyMaker<'a> = &'a (dyn Fn(&Path) -> Result<(), String> + Send + Sync);

/// Serves the page until the App is registered, writes the files, and says on `out` what to do next.
///
/// # Errors
/// With place and remedy, before anything is registered where that can be known.
pub async fn register(
    args: &SetupArgs,
    clock: SharedClock,
    make_sealing_key: SealingKeyMaker<'_>,
    out: &mut (impl Write + Send),
) -> Result<(), SetupProblem> {
    check(args)?;
    let folder = Folder::prepare(&args.out)?;
    let mut registration = Registration::start(args, clock).await?;
    let page = registration.address();
    say(out, &format!("Open {page} in a browser on this machine to register the App."))?;
    if !args.no_browser {
        browser::open(&page);
    }
    let app = tokio::time::timeout(PATIENCE, registration.app()).await.map_err(|_| SetupProblem::NobodyCame)??;
    let written = folder.write(&app, args, make_sealing_key);
    registration.close().await;
    let written = written?;
    say(out, &next_steps(&app, args, &folder, written))
}

fn check(args: &SetupArgs) -> Result<(), SetupProblem> {
    if !args.listen.ip().is_loopback() {
        return Err(SetupProblem::NotLoopback(args.listen));
    }
    for (flag, url) in
        [("--github-url", &args.github_url)].into_iter().chain(args.public_url.iter().map(|url| ("--public-url", url)))
    {
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !web || url.query().is_some() || url.fragment().is_some() {
            return Err(SetupProblem::Address(flag));
        }
    }
    Ok(())
}

fn say(out: &mut impl Write, text: &str) -> Result<(), SetupProblem> {
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| SetupProblem::Output(error.kind()))
}

fn next_steps(app: &NewApp, args: &SetupArgs, folder: &Folder, webhook: WebhookSecret) -> String {
    let mut steps = Vec::new();
    if webhook == WebhookSecret::MadeHere {
        steps.push(format!(
            "GitHub made no webhook secret. Copy the one in {} to the App's settings page, under Webhook.",
            folder.path(files::WEBHOOK_SECRET).display()
        ));
    }
    if args.public_url.is_none() {
        steps.push(format!(
            "Set public_url in {}, and on the App's settings page the webhook address (public_url and /webhook) and \
             \"Active\".",
            folder.path(files::SETTINGS).display()
        ));
    }
    steps.push(format!("Install the App: {}/installations/new", app.html_url));
    let settings = folder.path(files::SETTINGS);
    let settings = settings.display();
    steps.push(format!("Run the server: embargod serve --config {settings}"));
    steps.push(format!("Check everything: embargod doctor --config {settings}"));
    let mut text = format!(
        "Registered {} (App {}). Wrote to {}: {}.\nBack up {} apart from the database: nothing sealed can be read without \
         it.\nNext:",
        app.slug,
        app.id,
        folder.path("").display(),
        files::ALL.join(", "),
        files::SEALING_KEY,
    );
    for (number, step) in steps.iter().enumerate() {
        text.push_str(&format!("\n  {}. {step}", number + 1));
    }
    text
}

/// Who made the webhook secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WebhookSecret {
    FromGitHub,
    MadeHere,
}

/// The manifest for this registration.
fn manifest_for(args: &SetupArgs, redirect_url: String) -> AppManifest {
    AppManifest::embedded().filled(
        args.organisation.as_deref(),
        args.public_url.as_ref().map(Url::as_str),
        redirect_url,
    )
}
