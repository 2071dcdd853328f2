//! The real program, run by an operator on the world's own files.

use std::process::{Command, Output};

use embargod::clock::{Clock, SystemClock};

use super::{APP_ID, APP_KEY, SECRET, World};

impl World {
    /// Sets the world's clock to the machine's, by which the program goes.
    pub fn live_now(&self) {
        let ahead = SystemClock.now().duration_since(self.now());
        self.clock.advance(ahead);
    }

    /// Runs `embargod` with `arguments` and complete settings in its environment, and nothing else there.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        let folder = self.folder.path().to_owned();
        let app_key = folder.join("app.pem");
        std::fs::write(&app_key, &APP_KEY.private_pem).expect("the folder is writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_embargod"));
        command
            .args(arguments)
            .current_dir(&folder)
            .env_clear()
            .env("EMBARGOD_DATABASE", format!("sqlite:{}", folder.join("embargod.db").display()))
            .env("EMBARGOD_GITHUB_API_BASE", self.github.base_url())
            .env("EMBARGOD_GITHUB_APP_ID", APP_ID.to_string())
            .env("EMBARGOD_GITHUB_PRIVATE_KEY_PATH", &app_key)
            .env("EMBARGOD_GITHUB_WEBHOOK_SECRETS", SECRET)
            .env("EMBARGOD_SEALING_KEY_PATH", &self.sealing_key);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("the wait does not panic")
            .expect("the program starts");
        for stream in [&output.stdout, &output.stderr] {
            self.canary.must_not_be_in("the program's output", stream);
        }
        output
    }
}
