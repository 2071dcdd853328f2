//! Looks at a case in time: what its clocks say is committed together with who is told of it.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task, case_of};
use crate::{
    domain::{
        case::{Case, Desk},
        clocks::{self, CaseTick, Rung, Tick},
        decision::DecisionRecord,
        doors::{AtGitHub, KnownAdvisory},
        reason::Reason,
        record::RecordWrite,
    },
    engine::{Shop, Trouble},
    store::Commit,
};

pub(super) struct Look;

#[async_trait]
impl Performer<CaseTick> for Look {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: CaseTick) -> Result<Performed, Trouble> {
        let case = case_of(shop, &action.case).await?;
        let now = shop.clock.now();
        if clocks::next_wake(&case.value).is_none_or(|at| at > now) {
            return Ok(Performed::left_alone("the case has changed; its next look is set"));
        }
        let value = &case.value;
        let policy = &shop.policies.of_case(shop, value).await?;
        let mut changed = value.clone();
        let tick = clocks::tick(&mut changed, policy, now);
        let effects = clocks::telling(&changed, &tick, policy, desk_talks(shop, &changed).await?, now);
        say(&changed, &tick);
        let decision = DecisionRecord {
            at: now,
            feature: "clocks".to_owned(),
            subject: changed.id.to_string(),
            outcome: if tick.breached.is_empty() { "reminded" } else { "clock_ran_out" }.to_owned(),
            cause: task.key.to_owned(),
            actor: None,
            case: Some(changed.id.to_string()),
            policy_version: changed.policy_version.clone(),
            reasons: reasons(&changed, &tick),
            effects: effects.iter().map(|effect| effect.key.clone()).collect(),
        };
        let told: Vec<_> = tick.told.iter().map(|told| &told.clock).collect();
        let result = json!({ "told": told, "ran_out": tick.breached });
        let commit = Commit {
            records: vec![RecordWrite::guarded(&changed, case.version)],
            effects,
            decision: Some(decision),
            ..Commit::default()
        };
        Ok(Performed { result, commit: Box::new(commit) })
    }

    fn by_hand(&self) -> &'static str {
        "Nobody is reminded of what is due in its case: look at it by hand with `embargod case show CASE`"
    }
}

/// Whether the desk takes comments. Those of an advisory end with its publication.
async fn desk_talks(shop: &Shop, case: &Case) -> Result<bool, Trouble> {
    Ok(match &case.desk {
        Desk::Advisory { ghsa, .. } => {
            let known = shop.read::<KnownAdvisory>(ghsa).await?;
            known.is_none_or(|known| known.value.state != AtGitHub::Published)
        }
        Desk::Issue { .. } | Desk::Pending => true,
        Desk::AlertOnly => false,
    })
}

fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::Desk => "desk",
        Rung::Coordinator => "coordinator",
        Rung::Team => "team",
        Rung::Page => "page",
    }
}

fn reasons(case: &Case, tick: &Tick) -> Vec<Reason> {
    let source = |clock: &str| case.clock(clock).map(|clock| clock.source.key.clone()).unwrap_or_default();
    let ran_out = tick.breached.iter().map(|clock| {
        Reason::new("clocks.ran_out", format!("the time of `{clock}` ran out")).from_source(source(clock))
    });
    let told = tick.told.iter().map(|told| {
        let (clock, due) = (&told.clock, told.due);
        let text = format!("`{clock}` is due at {due}: the {} is told", rung_word(told.rung));
        Reason::new("clocks.told", text).from_source(source(clock))
    });
    let expired = tick.embargo_expired.then(|| Reason::new("clocks.embargo_ended", "the embargo ended by itself"));
    ran_out.chain(told).chain(expired).collect()
}

fn say(case: &Case, tick: &Tick) {
    for told in &tick.told {
        let (clock, rung) = (&told.clock, rung_word(told.rung));
        tracing::warn!(case = %case.id, clock = %clock, rung, "`{clock}` of {} is due at {}", case.id, told.due);
        metrics::counter!("embargod_clock_reminders_total", "clock" => clock.clone(), "rung" => rung).increment(1);
    }
    for clock in &tick.breached {
        tracing::error!(case = %case.id, clock = %clock, "the time of `{clock}` of {} ran out", case.id);
    }
}
