//! Stories about deliveries.

mod events;
mod hostile;
mod signature;
