//! Wiring only: the commands are in `embargod::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    embargod::cli::main()
}
