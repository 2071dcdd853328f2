//! Pages.
use super::shared::Shared;
use std::sync::Arc;
pub(crate) fn router(_: Arc<Shared>) -> axum::Router {
    axum::Router::new()
}
