//! From settings to what the doctor works with.

use std::{io, sync::Arc};

use super::{DoctorArgs, DoctorInputs, print};
use crate::{
    cli::{INTERNAL, USAGE, block_on},
    clock::{Clock, SystemClock},
    domain::policy::{Layer, effective},
    github::{GitHub, GitHubSettings},
    keys,
    sealing::KeySource,
    settings::Settings,
    store,
};

/// Runs the command.
pub fn run(args: DoctorArgs) -> u8 {
    match Settings::load(args.config.as_deref()) {
        Ok(settings) => block_on(examine(args, settings)),
        Err(problems) => {
            eprintln!("embargod: the settings are not complete\n{problems}");
            USAGE
        }
    }
}

async fn examine(args: DoctorArgs, settings: Settings) -> u8 {
    let clock = Arc::new(SystemClock);
    let mut github = GitHubSettings::new(settings.github.app_id, settings.github.private_key.clone());
    match settings.github.api_base.parse() {
        Ok(base) => github.api_base = base,
        Err(_) => {
            eprintln!("embargod: github.api_base is no web address; begin with https:// and a host name");
            return USAGE;
        }
    }
    let source = keys::source(&settings.sealing_key);
    let mut sealing_key = source.load().await.map_err(|error| error.to_string());
    let database = match store::open(&settings.database).await {
        Ok(store) => {
            if let Ok(ring) = &sealing_key
                && let Err(error) = keys::check(&*store, ring, clock.now()).await
            {
                sealing_key = Err(error.to_string());
            }
            store.backlog(clock.now()).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    let check_policy = |text: &str| {
        let layer = Layer { origin: ".github/embargod.yml".to_owned(), text: text.to_owned() };
        match effective(&[layer]) {
            Ok(effective) => Ok(format!("policy {}", effective.policy.version)),
            Err(error) => Err(error.to_string().lines().map(str::to_owned).collect()),
        }
    };
    let inputs = DoctorInputs {
        github: GitHub::new(&github, clock.clone()),
        clock,
        public_url: settings.public_url.clone(),
        webhook_secret_count: settings.github.webhook_secrets.len(),
        private_key_path: Some(settings.github.private_key_path.clone()),
        sealing_key: sealing_key.map(drop),
        sealing_key_path: if let KeySource::File(path) = source { Some(path) } else { None },
        database,
        has_default_policy: settings.default_policy_path.is_some(),
        mirrors_folder: settings.mirrors.as_ref().map(|mirrors| mirrors.folder.clone()),
        check_policy: &check_policy,
        repo: args.repo,
    };
    print(inputs, args.json, &mut io::stdout()).await.unwrap_or(INTERNAL)
}
