//! stub
/// stub
#[derive(clap::Args)]
pub struct SetupArgs {}
/// stub
pub fn run(_a: SetupArgs) -> u8 {
    0
}
