//! One life of a server, from its start to its violent end.

use std::{collections::BTreeMap, time::Duration};

use embargod::failpoint::{self, Point};

use super::Story;
use crate::{
    Failure,
    program::{Program, Start},
};

/// How long a point is waited for; one that nothing comes by in this time is given up for SIGKILL.
const POINT_REACHED: Duration = Duration::from_secs(4);

/// Latest instant of SIGKILL after the doors are open, in milliseconds. By then a life's posts are through.
const LATEST_MS: u64 = 700;

/// How servers died.
#[derive(Default)]
pub struct Deaths {
    /// By SIGKILL, at a random instant.
    pub killed: usize,
    /// At a point.
    pub at_points: BTreeMap<Point, usize>,
    /// Before they were ready.
    pub before_ready: usize,
    /// Points that were not reached, and SIGKILL came instead.
    pub not_reached: usize,
}

/// Starts a server, has people post until there are `due` posts, and has it die: every second time at one of the points,
/// in turn, else at a random instant.
pub async fn live(story: &mut Story, deaths: &mut Deaths, number: usize, due: usize) -> Result<(), Failure> {
    let point = (number % 2 == 1).then(|| failpoint::ALL[number / 2 % failpoint::ALL.len()]);
    let armed: Vec<(&str, String)> = point.map(|point| ("FAILPOINTS", arm(point))).into_iter().collect();
    let program = match story.operator.start(&armed).await? {
        Start::Ready(program) => program,
        Start::Ended(status) => {
            let Some(point) = point.filter(|_| status.code().is_none()) else {
                return Err(format!("the server does not start ({status}):\n{}", story.operator.log()));
            };
            deaths.before_ready += 1;
            *deaths.at_points.entry(point).or_default() += 1;
            return story.post_until(due);
        }
    };
    story.reached_by(&program);
    story.post_until(due)?;
    die(*program, point, deaths).await
}

/// Mostly early, so that the point is reached by the few posts of one life.
fn arm(point: Point) -> String {
    let most = match point {
        failpoint::COMMIT_BEFORE | failpoint::COMMIT_AFTER => 40,
        failpoint::CALL_BEFORE | failpoint::CALL_AFTER => 30,
        _ => 12,
    };
    match fastrand::usize(..most) {
        0 => format!("{point}=return"),
        earlier => format!("{point}={earlier}*off->return"),
    }
}

async fn die(mut program: Program, point: Option<Point>, deaths: &mut Deaths) -> Result<(), Failure> {
    let patience = match point {
        Some(_) => POINT_REACHED,
        None => Duration::from_millis(fastrand::u64(..LATEST_MS)),
    };
    match (program.ends_within(patience).await, point) {
        (Some(status), Some(point)) if status.code().is_none() => {
            *deaths.at_points.entry(point).or_default() += 1;
            Ok(())
        }
        (Some(status), _) => Err(format!("the server ended by itself ({status})")),
        (None, _) => {
            deaths.killed += 1;
            deaths.not_reached += usize::from(point.is_some());
            program.kill().await
        }
    }
}
