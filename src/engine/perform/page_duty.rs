//! Wakes whoever is on duty, where the operator has a paging service.

use async_trait::async_trait;
use serde_json::json;

use super::{Performed, Performer, Task};
use crate::{
    domain::clocks::PageDuty,
    engine::{Shop, Trouble},
    paging::Page,
};

pub(super) struct Wake;

#[async_trait]
impl Performer<PageDuty> for Wake {
    async fn perform(&self, shop: &Shop, task: Task<'_>, action: PageDuty) -> Result<Performed, Trouble> {
        let Some(pager) = &shop.paging else {
            return Ok(Performed::left_alone("no paging service is set; the alert tells it"));
        };
        let PageDuty { case, clock, due } = &action;
        pager.page(&Page { source: "embargod", case, clock, due: *due, key: task.key }).await?;
        Ok(Performed::with(json!({ "paged": true })))
    }

    fn by_hand(&self) -> &'static str {
        "Nobody was paged about a clock that ran out: look at the case with `embargod case show CASE`"
    }
}
