//! How bad it is: `/class`, `/severity`, `/cvss`, `/cwe`.

use std::collections::BTreeSet;

use super::Family;
use crate::domain::{
    case::{Case, SeverityOverride, computed_severity, severity_word},
    commands::{Done, Expected, Order, Refusal, Role, Scene, TwoPeople, Verb, Words, values::Scored},
    policy::SeverityLevel,
};

pub(super) const FAMILY: Family = Family { title: "Rating", verbs: &[&CLASS, &SEVERITY, &CVSS, &CWE] };

const WHO: &[Role] = &[Role::Coordinator];

const CLASS: Verb = Verb {
    name: "class",
    usage: "/class NAME…",
    help: "Sets the classes of weakness; the policy's table makes the severity of them, the highest of several.",
    who: WHO,
    reversible: true,
    examples: &["/class sql-injection", "/class denial-of-service sensitive-data-exposure"],
    read: |arguments| {
        let policy = arguments.reading.policy;
        let mut classes = BTreeSet::new();
        loop {
            classes.insert(arguments.known(Expected::Class, policy.severity.classes.keys().map(String::as_str))?);
            if arguments.is_empty() {
                return Ok(Box::new(Class { classes }));
            }
        }
    },
    ..Verb::BLANK
};

struct Class {
    classes: BTreeSet<String>,
}

impl Order for Class {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        scene.case.assessment.classes.clone_from(&self.classes);
        // An override was made for other classes.
        let dropped = scene.case.assessment.severity_override.take().is_some();
        let names: Vec<&str> = self.classes.iter().map(String::as_str).collect();
        let level = computed_severity(&scene.case, scene.policy).map_or("unrated", severity_word);
        scene.because("class", format!("{} is {level}", names.join(", ")), Some("severity.classes"));
        scene.write_advisory();
        let mut done = Done::saying(format!("{}: severity {level} by the policy's table.", names.join(", ")));
        if dropped {
            done = done.and("The severity that was set by hand no longer holds.");
        }
        for (class, most) in scene.policy.severity.raisable.iter().filter(|(class, _)| self.classes.contains(*class)) {
            let most = severity_word(*most);
            done = done.then(format!("`/severity {most} --override -- why`: {class} may be raised to {most}"));
        }
        Ok(done.then("`/affects main SERIES…`"))
    }
}

const SEVERITY: Verb = Verb {
    name: "severity",
    usage: "/severity high|moderate|low [--override -- why]",
    help: "Confirms the severity of the policy's table, or sets another one against it.",
    who: WHO,
    two_people: TwoPeople::When("with --override"),
    examples: &["/severity high", "/severity moderate --override -- No login needed, and default settings suffice."],
    read: |arguments| {
        let levels = [SeverityLevel::High, SeverityLevel::Moderate, SeverityLevel::Low];
        let place = arguments.one_of(&["high", "moderate", "low"])?;
        let level = levels.get(place).copied().unwrap_or(SeverityLevel::High);
        let set_by_hand = arguments.flag("override")?;
        let why = if set_by_hand { Some(arguments.need_free()?) } else { arguments.free() };
        Ok(Box::new(SetSeverity { level, set_by_hand, why }))
    },
    ..Verb::BLANK
};

struct SetSeverity {
    level: SeverityLevel,
    set_by_hand: bool,
    why: Option<Words>,
}

impl Order for SetSeverity {
    fn needs_second_person(&self, _case: &Case) -> bool {
        self.set_by_hand
    }

    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        let wanted = severity_word(self.level);
        let Some(computed) = computed_severity(&scene.case, scene.policy) else {
            return Err(Refusal::because("The severity comes from the class, and none is set.").then("`/class NAME`"));
        };
        let by_table = severity_word(computed);
        if self.level == computed {
            scene.case.assessment.severity_override = None;
            scene.write_advisory();
            return Ok(Done::saying(format!("Severity {wanted}, as the policy's table has it.")));
        }
        let (true, Some(why)) = (self.set_by_hand, &self.why) else {
            return Err(Refusal::because(format!("The class makes it {by_table} by the policy's table."))
                .then(format!("`/severity {wanted} --override -- why`, confirmed by a second person")));
        };
        let raisable = scene.policy.severity.raisable.iter().any(|(class, most)| {
            scene.case.assessment.classes.contains(class) && self.level > computed && self.level <= *most
        });
        if !scene.policy.severity.adjustable && !raisable {
            return Err(Refusal::because(format!(
                "The policy determines severity by the class alone (`severity.adjustable`), which makes it {by_table}."
            ))
            .then("`/class NAME`, if the class is wrong"));
        }
        if !scene.has_second_person() {
            return Err(Refusal::because("A severity against the table needs a second person."));
        }
        let why = scene.note("why", why);
        scene.case.assessment.severity_override =
            Some(SeverityOverride { level: self.level, by: scene.both(), at: scene.now, why });
        scene.because("severity", format!("{wanted} against the table's {by_table}"), Some("severity.adjustable"));
        scene.write_advisory();
        Ok(Done::saying(format!("Severity {wanted}, against the table's {by_table}.")))
    }
}

const CVSS: Verb = Verb {
    name: "cvss",
    usage: "/cvss VECTOR",
    help: "Sets the CVSS vector, 3.1 or 4.0, and shows its score.",
    who: WHO,
    reversible: true,
    examples: &[
        "/cvss CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "/cvss CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    ],
    read: |arguments| Ok(Box::new(Cvss { scored: arguments.cvss()? })),
    ..Verb::BLANK
};

struct Cvss {
    scored: Scored,
}

impl Order for Cvss {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        scene.case.assessment.cvss = Some(self.scored.vector.clone());
        scene.write_advisory();
        let Scored { score, rating, .. } = &self.scored;
        Ok(Done::saying(format!("CVSS {score:.1} ({rating} by CVSS's own scale; the policy's severity stays).")))
    }
}

const CWE: Verb = Verb {
    name: "cwe",
    usage: "/cwe CWE-n…",
    help: "Sets the weaknesses by their numbers in CWE.",
    who: WHO,
    reversible: true,
    examples: &["/cwe CWE-89", "/cwe CWE-22 CWE-73"],
    read: |arguments| {
        let mut numbers = BTreeSet::from([arguments.cwe()?]);
        while !arguments.is_empty() {
            numbers.insert(arguments.cwe()?);
        }
        Ok(Box::new(Cwe { numbers }))
    },
    ..Verb::BLANK
};

struct Cwe {
    numbers: BTreeSet<u32>,
}

impl Order for Cwe {
    fn carry_out(&self, scene: &mut Scene<'_>) -> Result<Done, Refusal> {
        scene.case.assessment.cwe.clone_from(&self.numbers);
        scene.write_advisory();
        let names: Vec<String> = self.numbers.iter().map(|number| format!("CWE-{number}")).collect();
        Ok(Done::saying(format!("{}.", names.join(", "))))
    }
}
