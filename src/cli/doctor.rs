//! stub
/// stub
#[derive(clap::Args)]
pub struct DoctorArgs {}
/// stub
pub fn run(_a: DoctorArgs) -> u8 {
    0
}
