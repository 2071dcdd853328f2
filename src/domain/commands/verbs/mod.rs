//! The verbs, one file a family. A feature that brings verbs adds a file with a [`Family`] and a line to [`FAMILIES`];
//! nothing else changes. What flows in: arguments, then a scene. What flows out: the scene changed, or a refusal that
//! names what is missing. What a verb must never do: look into free text, or act outside of its scene.

mod answering;
mod asking;
pub mod case;
mod crediting;
mod deciding;
mod embargo;
mod evaluating;
mod exposing;
mod identifying;
mod proving;
mod rating;
mod reaching;
mod redoing;
mod steering;

pub use embargo::date_problems;

use super::Verb;

/// Verbs that belong together.
pub struct Family {
    /// The heading in the help.
    pub title: &'static str,
    /// The verbs, in the order of the help.
    pub verbs: &'static [&'static Verb],
}

/// Every family, in the order of the help.
pub const FAMILIES: &[&Family] = &[
    &answering::FAMILY,
    &steering::FAMILY,
    &evaluating::FAMILY,
    &deciding::FAMILY,
    &rating::FAMILY,
    &reaching::FAMILY,
    &identifying::FAMILY,
    &proving::FAMILY,
    &embargo::FAMILY,
    &exposing::FAMILY,
    &crediting::FAMILY,
    &asking::FAMILY,
    &redoing::FAMILY,
    &case::FAMILY,
];
