//! The public door, driven from the street: the real accept loop on a loopback socket, a real database in a temporary
//! folder, a real sealing key, and clients of every manner.
//!
//! [`door`] opens such a door and looks behind it, [`wire`] is a client that can also misbehave; each of the other files
//! tells one kind of story. What flows in: bytes on sockets. What flows out: complaints that name the request. What it
//! must never do: rest on how fast the machine is. Waits are bounded by [`GUARD`] only so that a hang is a failure.

use std::time::Duration;

mod answers;
mod door;
mod drain;
mod durable;
mod examples;
mod health;
mod hostile;
mod logs;
#[cfg(target_os = "linux")]
mod memory;
mod patience;
mod throttle;
mod wire;

/// Far longer than anything takes that works.
const GUARD: Duration = Duration::from_secs(60);
