//! Wakes whoever waits for work, without losing a ring.

use std::time::Duration;

use tokio::sync::watch;

/// Rings when there may be something to claim. Clones ring and hear the same bell.
#[derive(Clone, Debug)]
pub(super) struct Bell(watch::Sender<u64>);

/// An ear at the bell: hears every ring since it last began to listen, also one that came while it was busy.
pub(super) struct Ear(watch::Receiver<u64>);

impl Bell {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    pub(super) fn ring(&self) {
        self.0.send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    pub(super) fn ear(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

impl Ear {
    /// Rings until now are answered by what follows.
    pub(super) fn listen(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a ring since [`Ear::listen`], at most `patience`: timers and the work of other processes ring nowhere.
    pub(super) async fn rung(&mut self, patience: Duration) {
        // Without its bell an ear would hear nothing any more; it is never older than it.
        let _ = tokio::time::timeout(patience, self.0.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_ring_while_one_is_busy_is_heard_afterwards_and_once() {
        let bell = Bell::new();
        let mut ear = bell.ear();
        ear.listen();
        bell.ring();
        bell.ring();
        let patience = Duration::from_secs(3_600);
        assert!(ear.rung(patience).now_or_never().is_some());
        assert!(ear.rung(patience).now_or_never().is_none());
        bell.ring();
        ear.listen();
        assert!(ear.rung(patience).now_or_never().is_none(), "answered by what follows");
    }
}
