//! The head of the chain: what an operator notes elsewhere, to see later whether the end was cut off or rewritten.

use std::{fmt, str::FromStr};

use crate::store::{AuditLink, StoreError, Upkeep};

/// A place in the chain with its hash: `1284:9f86d081…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// See [`AuditLink::position`]; 0 before the first link.
    pub position: u64,
    /// See [`AuditLink::hash`]; zeros before the first link.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of a chain without links.
    pub const START: Self = Self { position: 0, hash: [0; 32] };
}

impl From<&AuditLink> for Head {
    fn from(link: &AuditLink) -> Self {
        Self { position: link.position, hash: link.hash }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, hex::encode(self.hash))
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let explained = || {
            "a head is POSITION:HASH as `embargod audit head` prints it: a number, a colon and 64 hexadecimal digits"
                .to_owned()
        };
        let (position, hash) = text.trim().split_once(':').ok_or_else(explained)?;
        let mut head = Self { position: position.parse().map_err(|_| explained())?, ..Self::START };
        hex::decode_to_slice(hash, &mut head.hash).map_err(|_| explained())?;
        Ok(head)
    }
}

/// The head as the store has it, found without a walk: nothing is said about the links before it.
///
/// # Errors
/// When the store fails.
pub async fn head<S: Upkeep + ?Sized>(store: &S) -> Result<Head, StoreError> {
    // Strides that double, until there is no link at or above `beyond`; then halves between it and the last one found.
    let (mut last, mut after, mut stride) = (Head::START, 0_u64, 1_u64);
    while let Some(link) = store.audit_page(after, 1).await?.first() {
        last = Head::from(link);
        // The database counts in signed numbers.
        after = last.position.saturating_add(stride).min(i64::MAX as u64);
        stride = stride.saturating_mul(2);
    }
    let mut beyond = after + 1;
    while last.position + 1 < beyond {
        let middle = last.position + (beyond - last.position) / 2;
        match store.audit_page(middle - 1, 1).await?.first() {
            Some(link) => last = Head::from(link),
            None => beyond = middle,
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let head = Head { position: 1284, hash: [0xab; 32] };
        let text = head.to_string();
        assert_eq!(text, format!("1284:{}", "ab".repeat(32)));
        assert_eq!(text.parse(), Ok(head));
        assert_eq!(format!(" {}\n", text.to_uppercase()).parse(), Ok(head));
        for wrong in ["", "1284", "1284:", "1284:abcd", "-1:00", &format!("x:{}", "ab".repeat(32)), &format!("{text}0")]
        {
            let said = wrong.parse::<Head>().expect_err("refused");
            assert!(said.contains("embargod audit head"), "{wrong}: {said}");
        }
    }
}
