//! Stories about the client, told to a small scripted GitHub on loopback.

mod errors;
mod fake;
mod operations;
mod paging;
mod private;
mod settings;
mod tokens;
