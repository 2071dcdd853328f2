//! The crash story: signed deliveries arrive, the server is killed again and again, and at the end nothing is lost and
//! nothing doubled.
//!
//! What flows in: a number of posts, a number of deaths, a seed. What flows out: a table, and whether it is as it must
//! be. A death is SIGKILL at a random instant, or an abort at one of the named points of `embargod::failpoint`, each in
//! its turn. What is not acknowledged is sent again only because the server's own sweep asks for it, as GitHub does not
//! repeat by itself; some deliveries arrive twice. What it must never do: look into the server to decide that it is
//! right; the judgement is about the stand-in GitHub and what the store says of each delivery.

mod database;
mod life;
mod verdict;

use std::{
    collections::VecDeque,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use embargod::{
    clock::{Clock, SystemClock},
    store::{self, SharedStore},
};

use crate::{
    Failure, posts,
    program::{Operator, Program, Start},
    stage::{Kind, Stage},
};
use database::Database;
use life::Deaths;

/// Deliveries that are on their way at one time, so that commits are shared.
const COURIERS: usize = 8;

/// Repositories, and with them lanes.
const REPOSITORIES: usize = 40;

/// One post in so many discloses.
const DISCLOSES: usize = 25;

/// One post in so many is delivered twice.
const DOUBLED: usize = 20;

/// How long the end may stay the same before it is judged as it is; the sweep's longest pause is shorter.
const PATIENCE: Duration = Duration::from_secs(300);

/// What to do.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Posts; what the bot does about some of them makes further deliveries.
    #[arg(long, default_value_t = 10_000)]
    deliveries: usize,
    /// Deaths.
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Where the server keeps what it knows.
    #[arg(long, value_enum, default_value = "sqlite")]
    store: Kind,
    /// Processes on one database, of which one at a time dies; PostgreSQL only.
    #[arg(long, default_value_t = 3)]
    replicas: usize,
    /// Chooses instants, points and posts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server's binary, built with the feature `failpoints`; xtask sets it.
    #[arg(long, hide = true)]
    binary: PathBuf,
}

/// A post, and what must become of it.
struct Posted {
    repository: String,
    number: u64,
    mark: String,
    discloses: bool,
    words: posts::Post,
}

/// Everything that goes on.
struct Story {
    stage: Stage,
    operator: Operator,
    database: Database,
    /// Processes beside the one whose turn it is to die.
    others: VecDeque<Program>,
    posted: Vec<Posted>,
}

/// Runs the story; whether all is as it must be.
pub async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let began = Instant::now();
    fastrand::seed(arguments.seed);
    let mut story = Story::prepare(arguments).await?;
    let mut deaths = Deaths::default();
    for number in 0..arguments.kills {
        let due = arguments.deliveries * (number + 1) / (arguments.kills + 1);
        life::live(&mut story, &mut deaths, number, due).await?;
        if std::env::var_os("CI").is_none() && (number + 1) % 20 == 0 {
            eprintln!("crash: {} deaths, {} posts, {} s", number + 1, story.posted.len(), began.elapsed().as_secs());
        }
    }
    let Start::Ready(last) = story.operator.start(&[]).await? else {
        return Err(format!("the server does not start any more:\n{}", story.operator.log()));
    };
    story.reached_by(&last);
    story.post_until(arguments.deliveries)?;
    let store = store::open(story.operator.database()).await.map_err(|error| error.to_string())?;
    let settled = story.settle(&store).await?;
    let verdict = verdict::judge(&story, &store).await?;
    drop(last);
    println!("{}", verdict.table(arguments, &deaths, &story.database, began.elapsed()));
    let fine = settled && verdict.is_fine();
    if !fine {
        println!("not as it must be{}", if settled { "" } else { ": it did not come to rest" });
        println!("{}", verdict.complaints());
        println!("the server's files are kept in {}", story.operator.keep().display());
    }
    Ok(fine)
}

impl Story {
    async fn prepare(arguments: &Arguments) -> Result<Self, Failure> {
        let stage = Stage::build(REPOSITORIES).await?;
        stage.github.set_couriers(COURIERS);
        let database = Database::start(arguments.store)?;
        let url = database.url();
        let operator = Operator::new(&arguments.binary, &stage.github.base_url(), &stage.key_pem, url.as_deref())?
            .with("EMBARGOD_SWEEP_INTERVAL_S", "1");
        let mut story = Self { stage, operator, database, others: VecDeque::new(), posted: Vec::new() };
        let replicas = if arguments.store == Kind::Postgres { arguments.replicas } else { 1 };
        for _ in 1..replicas {
            match story.operator.start(&[]).await? {
                Start::Ready(program) => story.others.push_back(*program),
                Start::Ended(status) => {
                    return Err(format!("the server does not start ({status}):\n{}", story.operator.log()));
                }
            }
        }
        Ok(story)
    }

    /// Has deliveries sent to this server from now on.
    fn reached_by(&self, program: &Program) {
        self.stage.github.set_hook_url(&format!("http://{}/webhook", program.listen));
    }

    /// People post until there are `most` posts.
    fn post_until(&mut self, most: usize) -> Result<(), Failure> {
        while self.posted.len() < most {
            self.post()?;
        }
        Ok(())
    }

    fn post(&mut self) -> Result<(), Failure> {
        let count = self.posted.len();
        let discloses = count % DISCLOSES == DISCLOSES / 2;
        let mark = format!("x{count:06}q");
        let words = if discloses { posts::disclosure(&mark) } else { posts::ordinary(&mark) };
        let github = &self.stage.github;
        let author = format!("person-{count}");
        github.add_user(&author);
        if fastrand::usize(..DOUBLED) == 0 {
            github.repeat_next_delivery(2);
        }
        let repository = fastrand::choice(&self.stage.repositories).cloned().unwrap_or_default();
        let number = github
            .open_issue(&repository, &author, &words.title, &words.body)
            .map_err(|refusal| format!("the stand-in refused a post: {refusal}"))?;
        self.posted.push(Posted { repository, number, mark, discloses, words });
        Ok(())
    }

    /// Waits until every delivery is known to the store and nothing waits; `false` where that does not come about.
    async fn settle(&self, store: &SharedStore) -> Result<bool, Failure> {
        let mut before = (usize::MAX, u64::MAX);
        let mut changed = Instant::now();
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut unknown = 0;
            for guid in self.stage.github.unanswered_deliveries() {
                let state = store.delivery_state(&guid).await.map_err(|error| error.to_string())?;
                unknown += usize::from(state.is_none());
            }
            let backlog = store.backlog(SystemClock.now()).await.map_err(|error| error.to_string())?;
            let now = (unknown, backlog.deliveries_waiting + backlog.effects_waiting);
            if now == (0, 0) && before == now {
                return Ok(true);
            }
            if now != before {
                (before, changed) = (now, Instant::now());
            }
            if changed.elapsed() > PATIENCE {
                return Ok(false);
            }
        }
    }
}
