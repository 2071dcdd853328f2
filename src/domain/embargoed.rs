//! Values that must not get out by accident.
//!
//! An [`Embargoed`] value has no `Debug`, `Display` or `Serialize`. It opens only for somebody who holds a
//! [`Clearance`], and clearances are handed out where the program is wired together, never made on the spot: a test
//! lists the files that may call [`Clearance::grant`].

use std::fmt;

/// A value under embargo: the text of a post, evidence, a private title.
#[derive(Clone, PartialEq, Eq)]
pub struct Embargoed<T>(T);

impl<T> Embargoed<T> {
    /// Puts a value under embargo.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads the value; `_clearance` proves that the caller was given the right to.
    pub fn open(&self, _clearance: &Clearance) -> &T {
        &self.0
    }

    /// Takes the value out of embargo.
    pub fn into_inner(self, _clearance: &Clearance) -> T {
        self.0
    }
}

/// The right to open embargoed values. Held by the engine (to classify, to seal, to write the private case) and by
/// commands that an operator runs by hand; the receiver, metrics and logs have none.
pub struct Clearance(());

impl Clearance {
    /// Grants the right. Only the program's wiring calls this (held by `tests/it/structure.rs`).
    pub fn grant() -> Self {
        Self(())
    }
}

impl fmt::Debug for Clearance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clearance")
    }
}
