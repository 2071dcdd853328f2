//! The command itself.

use std::sync::Arc;

use super::{SetupArgs, register};
use crate::{
    cli::{FINE, USAGE, block_on},
    clock::SystemClock,
    sealing::SealingKey,
};

/// Runs the command.
pub fn run(args: SetupArgs) -> u8 {
    block_on(async {
        let make_key =
            |path: &std::path::Path| SealingKey::generate().write_new(path).map_err(|error| error.to_string());
        match register(&args, Arc::new(SystemClock), &make_key, &mut std::io::stdout()).await {
            Ok(()) => FINE,
            Err(problem) => {
                eprintln!("embargod: {problem}");
                USAGE
            }
        }
    })
}
