//! stub
/// stub
#[derive(clap::Subcommand)]
pub enum PolicyCommand {
    /// stub
    A,
}
/// stub
pub fn run(_a: PolicyCommand) -> u8 {
    0
}
