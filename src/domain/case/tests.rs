use jiff::Timestamp;
use proptest::prelude::*;

use super::{CaseId, Exposure};

#[test]
fn a_case_number_is_read_as_it_is_written_and_nothing_else_is() {
    let id = CaseId::new(2026, 7);
    assert_eq!(id.to_string(), "SEC-2026-7");
    assert_eq!("sec-2026-7".parse::<CaseId>(), Ok(id));
    for wrong in ["", "SEC", "SEC-2026", "SEC-2026-", "SEC-20262-7", "CVE-2026-7", "SEC-2026-7-8", "SEC-2026-x"] {
        assert!(wrong.parse::<CaseId>().is_err(), "{wrong}");
    }
}

fn instant() -> impl Strategy<Value = Option<Timestamp>> {
    proptest::option::of((0_i64..4_000_000_000).prop_map(|s| Timestamp::from_second(s).expect("in range")))
}

fn exposure() -> impl Strategy<Value = Exposure> {
    (instant(), instant(), instant(), instant(), instant()).prop_map(
        |(public, exploit_public, attacked, prenotified, fix_public)| Exposure {
            public,
            exploit_public,
            attacked,
            prenotified,
            fix_public,
        },
    )
}

proptest! {
    #[test]
    fn exposure_only_grows(before in exposure(), seen in exposure()) {
        let after = before.merged(seen);
        for (old, new) in [
            (before.public, after.public),
            (before.exploit_public, after.exploit_public),
            (before.attacked, after.attacked),
            (before.prenotified, after.prenotified),
            (before.fix_public, after.fix_public),
        ] {
            prop_assert!(old.is_none() || new.is_some(), "a bit cleared");
            if let (Some(old), Some(new)) = (old, new) {
                prop_assert!(new <= old, "first seen moved later");
            }
        }
        prop_assert_eq!(after.merged(seen), after);
    }
}
