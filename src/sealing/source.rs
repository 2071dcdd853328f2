//! Where the operator's keys come from: a file, the environment, or a command that asks a vault.

use std::{fmt, path::PathBuf, process::Stdio, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use super::{
    Keyring, SealingError,
    key::SealingKey,
    ring::{NoRing, TEXT_BYTES_MAX},
};

/// Longest time that a key command may take.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Variables that a key command has no use for, and that a mistake of it could show.
const KEPT_FROM_COMMAND: [&str; 2] = ["EMBARGOD_SEALING_KEY", "EMBARGOD_GITHUB_WEBHOOK_SECRETS"];

/// Where the operator's keys come from.
#[derive(Clone)]
pub enum KeySource {
    /// A file; see [`Keyring::read`]. The only one that `embargod seal rotate` can write to.
    File(PathBuf),
    /// A text, as in the file, or the base64 of one key alone. Fixed while the process lives.
    Text {
        /// The name of the variable that held it, for messages.
        name: String,
        /// The text.
        text: SecretString,
    },
    /// A program with its arguments that prints the text. Never empty; run without a shell.
    Command(Vec<String>),
}

impl KeySource {
    /// Reads the keys.
    ///
    /// # Errors
    /// With place and remedy, and without a word of what was read.
    pub async fn load(&self) -> Result<Keyring, SealingError> {
        match self {
            Self::File(path) => Keyring::read(path),
            Self::Text { text, .. } => self.parse(text.expose_secret()),
            Self::Command(words) => self.parse(&run(words).await?),
        }
    }

    fn parse(&self, text: &str) -> Result<Keyring, SealingError> {
        let alone = SealingKey::from_base64(text.trim()).map(Keyring::from);
        alone.map_or_else(|| Keyring::from_text(text), Ok).map_err(|no| match no {
            NoRing::Malformed => SealingError::TextMalformed(self.to_string()),
            NoRing::Strangers(one, other) => SealingError::Strangers { place: self.to_string(), one, other },
        })
    }
}

impl fmt::Display for KeySource {
    /// The place; of a command its program alone, as arguments may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Text { name, .. } => f.write_str(name),
            Self::Command(words) => write!(f, "the command {}", program(words)),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySource({self})")
    }
}

fn program(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}

async fn run(words: &[String]) -> Result<Zeroizing<String>, SealingError> {
    let failed = |why: String| SealingError::Command { program: program(words).to_owned(), why };
    let mut command = tokio::process::Command::new(program(words));
    command.args(words.iter().skip(1)).stdin(Stdio::null()).stdout(Stdio::piped());
    // What it complains about may hold what it should have kept to itself.
    command.stderr(Stdio::null()).kill_on_drop(true);
    for name in KEPT_FROM_COMMAND {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(|error| failed(format!("cannot be started ({})", error.kind())))?;
    let mut stdout = child.stdout.take().expect("piped").take(TEXT_BYTES_MAX + 1);
    let mut output = Zeroizing::new(Vec::with_capacity(2 * TEXT_BYTES_MAX as usize));
    let ended = tokio::time::timeout(COMMAND_TIMEOUT, async {
        stdout.read_to_end(&mut output).await?;
        // Whoever has more to say would wait for a reader.
        drop(stdout);
        child.wait().await
    });
    let status = match ended.await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(failed(format!("cannot be read ({})", error.kind()))),
        Err(_) => return Err(failed(format!("took more than {} s and was stopped", COMMAND_TIMEOUT.as_secs()))),
    };
    if output.len() as u64 > TEXT_BYTES_MAX {
        return Err(failed("printed more than keys are long".to_owned()));
    }
    if !status.success() {
        let how = status.code().map_or_else(|| "was killed".to_owned(), |code| format!("ended with exit code {code}"));
        return Err(failed(how));
    }
    let text = std::str::from_utf8(&output).map_err(|_| failed("printed something else than text".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}
