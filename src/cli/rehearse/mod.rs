//! stub
#[allow(dead_code)]
mod story;
/// stub
#[derive(clap::Args)]
pub struct RehearseArgs {}
/// stub
pub fn run(_a: RehearseArgs) -> u8 {
    0
}
