//! What the machine can do at best, measured in the same run as everything else.

use std::{
    fs::File,
    io::Write,
    time::{Duration, Instant},
};

use aws_lc_rs::hmac;

use crate::Failure;

/// How long each is measured.
const TIME: Duration = Duration::from_secs(2);

/// Records that share one wait for the disk.
const GROUP: usize = 64;

/// The limits.
pub struct Limits {
    /// HMAC-SHA256 by one core over bodies of the given size, in MB a second.
    pub hmac_mb_s: f64,
    /// Appends of one such body, each with a wait for the disk, a second.
    pub synced_alone_s: f64,
    /// Bodies a second where so many share a wait for the disk.
    pub synced_in_groups_s: f64,
}

/// Measures them, on the disk that temporary files lie on.
pub fn measure(body_bytes: usize) -> Result<Limits, Failure> {
    let body = vec![b'x'; body_bytes];
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"a secret");
    let hmac_per_s = rate(|| {
        std::hint::black_box(hmac::sign(&key, std::hint::black_box(&body)));
        Ok(())
    })?;
    Ok(Limits {
        hmac_mb_s: hmac_per_s * body_bytes as f64 / 1e6,
        synced_alone_s: synced(&body, 1)?,
        synced_in_groups_s: synced(&body, GROUP)? * GROUP as f64,
    })
}

fn synced(body: &[u8], group: usize) -> Result<f64, Failure> {
    let failed = |error: std::io::Error| format!("a file to write to the disk: {error}");
    let mut file: File = tempfile::tempfile().map_err(failed)?;
    rate(|| {
        for _ in 0..group {
            file.write_all(body).map_err(failed)?;
        }
        file.sync_data().map_err(failed)
    })
}

fn rate(mut act: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let (began, mut times) = (Instant::now(), 0_u64);
    while began.elapsed() < TIME {
        act()?;
        times += 1;
    }
    Ok(times as f64 / began.elapsed().as_secs_f64())
}

impl Limits {
    /// As a table.
    pub fn table(&self, body_bytes: usize) -> String {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        format!(
            "| this machine ({cores} cores) | |\n|---|---|\n\
             | HMAC-SHA256 on one core | {:.0} MB/s, {:.0} bodies of {body_bytes} bytes a second |\n\
             | appends of one body, each synced (fdatasync) | {:.0} a second, {:.2} ms each |\n\
             | the same, {GROUP} bodies a sync | {:.0} bodies a second |",
            self.hmac_mb_s,
            self.hmac_mb_s * 1e6 / body_bytes as f64,
            self.synced_alone_s,
            1_000.0 / self.synced_alone_s,
            self.synced_in_groups_s,
        )
    }
}
