//! What embargod promises, seen from outside of its code: contracts with GitHub, and the structure of the source.

mod contract;
mod foreign;
mod kit;
mod receiver;
mod stories;
mod structure;
mod watching;
