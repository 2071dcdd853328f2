//! Wiring only: the commands are in `embargod::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    let _armed = embargod::failpoint::arm();
    embargod::cli::main()
}
