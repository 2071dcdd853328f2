use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn every_chore_has_a_name_of_its_own_and_a_pause() {
    let chores = all(&Intervals::default());
    let mut names: Vec<_> = chores.iter().map(|chore| chore.name()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    for chore in chores {
        assert!(!chore.interval().is_zero(), "{} would never pause", chore.name());
    }
}

/// Holds the office for so many questions.
struct Fleeting(usize);

#[async_trait]
impl Leadership for Fleeting {
    async fn holds(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 > 0
    }
}

struct Count(Arc<AtomicUsize>);

#[async_trait]
impl Chore for Count {
    fn name(&self) -> &'static str {
        "count"
    }

    fn interval(&self) -> Duration {
        Duration::ZERO
    }

    async fn round(&self, _: &Engine) -> Result<(), Trouble> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test]
async fn without_the_office_no_round_is_begun() {
    let office: Office = AsyncMutex::new(Box::new(Fleeting(3)));
    let (_folder, engine) = crate::engine::tests::idle().await;
    let rounds_done = Arc::new(AtomicUsize::new(0));
    let chores: Vec<Box<dyn Chore>> = vec![Box::new(Count(Arc::clone(&rounds_done)))];
    rounds(&engine, &chores, &office).await;
    assert_eq!(rounds_done.load(Ordering::Relaxed), 2);
    until_lost(&office, Duration::ZERO).await;
}

#[test]
fn the_rota_remembers_who_leads() {
    let rota = Rota::default();
    assert!(!rota.holds_office());
    rota.in_office(true);
    assert!(rota.clone().holds_office(), "clones know the same");
    rota.with(|known| known.done_at.insert("sweep", Timestamp::UNIX_EPOCH));
    assert_eq!(rota.done_at("sweep"), Some(Timestamp::UNIX_EPOCH));
    assert_eq!(rota.done_at("another"), None);
}
