//! Everything that is kept, out of and into a SQLite store, row by row.
//!
//! What flows in and out: [`PortableRow`](crate::store::portable::PortableRow)s in their order. What it must never do:
//! open a seal, carry a lease over, or mix two stores.

mod export;
mod import;

pub(super) use export::export;
pub(super) use import::import;
