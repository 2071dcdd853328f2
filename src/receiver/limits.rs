//! How patient a door is.

use std::time::Duration;

/// Limits of a door that strangers reach. The defaults are meant for the open internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorLimits {
    /// Longest time for a request's head to arrive, and for a kept connection to stand idle, in milliseconds;
    /// default 10,000. A client that takes longer (a slow-loris) is cut off.
    pub header_timeout_ms: u64,
    /// Connections that may stand open at a time, default 512; further ones wait in the kernel's queue.
    pub most_connections: usize,
    /// Age at which a connection is asked to end, in milliseconds; default 600,000. The request under way is still
    /// answered. Bounds clients that never read their answers, for which no other limit counts.
    pub connection_ms: u64,
    /// How long requests under way get after their connection, or the whole door, was asked to end, in milliseconds;
    /// default 15,000.
    pub drain_ms: u64,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self { header_timeout_ms: 10_000, most_connections: 512, connection_ms: 600_000, drain_ms: 15_000 }
    }
}

impl DoorLimits {
    pub(super) fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    pub(super) fn connection(&self) -> Duration {
        Duration::from_millis(self.connection_ms)
    }

    pub(super) fn drain(&self) -> Duration {
        Duration::from_millis(self.drain_ms)
    }
}
