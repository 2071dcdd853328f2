//! Stories: somebody posts, the bot answers, a maintainer commands.
//!
//! Each runs the real door, engine and client against the stand-in, in a [`World`](crate::kit::World) of its own, and
//! ends with `finish`, which holds it to what every story must keep. A story must never sleep.

mod at_desk;
mod audit;
mod budget;
mod cases;
mod classes;
mod commands;
mod coverage;
mod crashes;
mod custody;
mod dead_letters;
mod desks;
mod duplicates;
mod edits;
mod ending;
mod fault_matrix;
mod faults;
mod freshness;
mod history;
mod in_step;
mod labels;
mod large;
mod leaks;
mod moving;
mod non_interference;
mod operators;
mod patience;
mod people;
mod policies;
mod polling;
mod reconcile;
mod redirect;
mod releases;
mod replicas;
mod reserves;
mod retention;
mod roles;
mod rules_in_force;
mod scenario;
mod secrecy;
mod signs;
mod surfaces;
mod sweep;
mod tampering;
mod timers;
mod undo;
