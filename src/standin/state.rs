//! Everything that one lock guards.

use super::deliveries::Deliveries;
use super::faults::Faults;
use super::limits::Limits;
use super::log::LoggedRequest;
use super::world::World;

/// The world and the machinery around it.
pub(crate) struct State {
    pub world: World,
    pub deliveries: Deliveries,
    pub limits: Limits,
    pub faults: Faults,
    pub log: Vec<LoggedRequest>,
}

impl State {
    /// Hands the webhooks that changes left over to the deliveries.
    pub(crate) fn flush(&mut self) {
        for emitted in std::mem::take(&mut self.world.outbox) {
            self.deliveries.enqueue(emitted, self.world.now);
        }
    }
}
