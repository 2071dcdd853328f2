//! Looking up records: those that are asked for at one time by one question.

use sqlx::PgPool;

use super::{error::Failed, open::in_time};
use crate::store::{
    StoreError,
    kept::{Columns, reports},
    lookups::{self, Found, Lookups, Wanted},
};

// Lateral, and limited, so that no plan begins with the records: one that was made while there were few would go on reading
// all of them.
pub(super) const RECORDS: &str = "
    SELECT r.key, r.version, r.value, n.place
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n (kind, key, place)
    CROSS JOIN LATERAL (
        SELECT f.key, f.version, f.value FROM records f WHERE f.kind = n.kind AND f.key = n.key LIMIT 1
    ) AS r";

/// Begins to answer, one question at a time, over a connection of `pool`.
pub(super) fn start(pool: PgPool) -> Lookups {
    let (lookups, mut questions) = lookups::open();
    tokio::spawn(async move {
        while let Some(wanted) = questions.next().await {
            let mut found = in_time(look_up(&pool, &wanted)).await;
            // A connection that broke while it was idle is found out by using it.
            if found.as_ref().is_err_and(|failed| failed.is_cut() && !matches!(failed, Failed::Silence)) {
                found = in_time(look_up(&pool, &wanted)).await;
            }
            lookups::answer(wanted, found.map_err(StoreError::from));
        }
    });
    lookups
}

async fn look_up(pool: &PgPool, wanted: &[Wanted]) -> Result<Vec<Found>, Failed> {
    let rows = sqlx::query(RECORDS)
        .bind(wanted.iter().map(|wanted| wanted.kind.as_str()).collect::<Vec<_>>())
        .bind(wanted.iter().map(|wanted| wanted.key.as_str()).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    let mut found: Vec<Found> = wanted.iter().map(|_| Ok(None)).collect();
    for row in &rows {
        let place = usize::try_from(row.whole(3)?).unwrap_or_default();
        if let Some(found) = place.checked_sub(1).and_then(|place| found.get_mut(place)) {
            *found = reports::record(row).map(Some);
        }
    }
    Ok(found)
}
