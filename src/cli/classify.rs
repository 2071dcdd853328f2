//! stub
/// stub
#[derive(clap::Args)]
pub struct ClassifyArgs {}
/// stub
pub fn run(_a: ClassifyArgs) -> u8 {
    0
}
