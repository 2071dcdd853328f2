//! The sentences of a project's own policy text, by the key that they are linked to. They stand in `docs/policy/`, one
//! row a sentence, and a test holds every row to the keys that exist.

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::Value;

use super::{Policy, Preset, parse_one};

static VALUES: LazyLock<BTreeMap<Preset, BTreeMap<String, Value>>> = LazyLock::new(|| {
    let values = Preset::ALL.into_iter().filter_map(|preset| {
        let policy = parse_one("preset", &format!("extends: {preset}")).ok()?.policy;
        Some((preset, policy.values().into_iter().collect()))
    });
    values.collect()
});

fn table(preset: Preset) -> &'static str {
    match preset {
        Preset::Django2018 => include_str!("../../../docs/policy/django-2018.md"),
        Preset::Django2024 => include_str!("../../../docs/policy/django-2024.md"),
        Preset::Django2026 => include_str!("../../../docs/policy/django-2026.md"),
        Preset::Minimal => "",
    }
}

/// The first sentence that a key rests on, with its number: "2.5 A member of the security team acknowledges within 3
/// working days." `None` where the preset's text has none, or where the policy says something else than its preset.
pub fn sentence(policy: &Policy, key: &str) -> Option<String> {
    let own = policy.values().into_iter().find(|(name, _)| name == key)?.1;
    if VALUES.get(&policy.extends)?.get(key)? != &own {
        return None;
    }
    let quoted = format!("`{key}`");
    table(policy.extends).lines().find_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split('|').map(str::trim);
        let (number, gist, rule) = (cells.next()?, cells.next()?, cells.next()?);
        rule.contains(&quoted).then(|| format!("{number} {gist}"))
    })
}
