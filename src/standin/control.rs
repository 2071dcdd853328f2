//! The levers of the test: faults, limits, capabilities, and the pace of the deliveries.

use std::sync::Arc;

use super::faults::{Fault, Match};
use super::model::Role;
use super::{Capabilities, Delivery, Standin};

impl Standin {
    /// Sets where webhooks go from now on (loopback only).
    pub fn set_hook_url(&self, url: &str) {
        self.shared.change(|s| s.deliveries.hook.url = Some(url.to_owned()));
    }

    /// Where webhooks go.
    pub fn hook_url(&self) -> Option<String> {
        self.shared.lock().deliveries.hook.url.clone()
    }

    /// Changes the webhook secret, as an operator who rotates it does.
    pub fn set_webhook_secret(&self, secret: &str) {
        self.shared.change(|s| secret.clone_into(&mut s.deliveries.hook.secret));
    }

    /// Changes what this GitHub can do.
    pub fn set_capabilities(&self, change: impl FnOnce(&mut Capabilities)) {
        self.shared.change(|s| change(&mut s.world.capabilities));
    }

    // Faults

    /// Scripts a fault. The first scripted fault that fits a request hits it.
    pub fn fault(&self, hits: Match, fault: Fault) {
        self.shared.change(|s| s.faults.add(hits, fault));
    }

    /// Forgets all faults.
    pub fn clear_faults(&self) {
        self.shared.change(|s| s.faults.clear());
    }

    /// How many requests have begun to stall and were not released; one whose asker went away still counts.
    pub fn stalled(&self) -> usize {
        self.shared.stalled.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Lets every stalled request go on.
    pub fn release_stalled(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }

    // Limits

    /// Sets the budget of the current hour and starts counting anew.
    pub fn set_budget(&self, requests: u64) {
        self.shared.change(|s| (s.limits.budget, s.limits.used) = (requests, 0));
    }

    /// Limits writes per minute, as GitHub's secondary limit does (80); `None` is no limit.
    pub fn set_writes_per_minute(&self, most: Option<usize>) {
        self.shared.change(|s| s.limits.writes_per_minute = most);
    }

    /// Makes every installation token invalid at once.
    pub fn revoke_tokens(&self) {
        self.shared.change(|s| s.world.tokens.clear());
    }

    /// A person's role in a repository; `None` for an unknown repository.
    pub fn role(&self, repository: &str, login: &str) -> Option<Role> {
        let state = self.shared.lock();
        let id = state.world.find_repository(repository)?;
        Some(state.world.role(id, login))
    }

    // Deliveries

    /// Waits until no webhook waits or is on its way. Held ones do not count.
    pub async fn deliveries_idle(&self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let settled = shared.settled.notified();
            tokio::pin!(settled);
            // Registered before looking, so that an end in between is not missed.
            settled.as_mut().enable();
            if shared.lock().deliveries.idle() {
                return;
            }
            settled.await;
        }
    }

    /// Holds deliveries back until they are stepped or released.
    pub fn hold_deliveries(&self) {
        self.shared.change(|s| s.deliveries.held = true);
    }

    /// Sends what was held, in order, and holds no more.
    pub fn release_deliveries(&self) {
        self.shared.change(|s| s.deliveries.held = false);
    }

    /// The deliveries that wait, in the order in which they would go out.
    pub fn waiting_deliveries(&self) -> Vec<Delivery> {
        let state = self.shared.lock();
        let queue = &state.deliveries.queue;
        let log = &state.deliveries.log;
        queue.iter().filter_map(|id| log.iter().find(|d| d.id == *id).cloned()).collect()
    }

    /// Changes the order of the waiting deliveries.
    pub fn reorder_deliveries(&self, change: impl FnOnce(&mut Vec<u64>)) {
        self.shared.change(|s| {
            let queue = &mut s.deliveries.queue;
            let mut ids: Vec<u64> = queue.drain(..).collect();
            change(&mut ids);
            queue.extend(ids);
        });
    }

    /// Loses the next `n` webhooks, redeliveries among them, as if the receiver were down; they can be redelivered.
    pub fn drop_next_deliveries(&self, n: usize) {
        self.shared.change(|s| s.deliveries.drop_next = n);
    }

    /// Sends the next webhook `n` times with the same GUID.
    pub fn repeat_next_delivery(&self, n: usize) {
        self.shared.change(|s| s.deliveries.repeat_next = n);
    }

    /// Lets so many webhooks be on their way at one time, as GitHub does; their order is lost.
    pub fn set_couriers(&self, couriers: usize) {
        self.shared.change(|s| s.deliveries.couriers = couriers);
    }

    /// Sends a delivery again by its id. `false`: there is no such delivery.
    pub fn redeliver(&self, id: u64) -> bool {
        self.shared.change(|s| s.deliveries.redeliver(id, s.world.now))
    }

    /// Sends one held delivery (the first) and waits for it. `false`: none was waiting.
    pub async fn step_delivery(&self) -> bool {
        let sent = self.shared.change(|s| {
            s.deliveries.step_one = !s.deliveries.queue.is_empty();
            s.deliveries.step_one
        });
        self.deliveries_idle().await;
        sent
    }
}
