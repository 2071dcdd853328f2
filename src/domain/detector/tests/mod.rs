//! Stories, rules and properties of the detector. All posts here are of our own wording.

mod head;
mod lexicon;
mod stories;
mod text;
