//! How much memory a door takes at its worst, as the operating system counts it, in a process that is nothing else.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use futures_util::future::join_all;
use temporary_postgres::Server;
use tokio::task::JoinSet;

use super::{
    door::{Delivery, Door, Setup, sign},
    wire::{self, Wire, request},
};
use crate::contract::hostile::{Framing, MOST_BYTES, SECRET, requests, valid_payload};

/// What the whole program promises to stay under.
const PROMISED_KIB: u64 = 256 * 1024;

/// What the door may take of it; the rest is the engine's.
const DOOR_KIB: u64 = 160 * 1024;

/// Turns the next test into a door, until its standard input ends.
const IS_A_DOOR: &str = "EMBARGOD_TEST_IS_A_DOOR";
const DOOR_TEST: &str = "receiver::memory::a_door_in_a_process_of_its_own";

#[test]
fn a_door_in_a_process_of_its_own() {
    if std::env::var_os(IS_A_DOOR).is_none() {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime as the program has it");
    let door = runtime.block_on(Door::open_with(Setup {
        // everybody gets a turn, and those who dawdle stay until the end
        body_timeout_ms: 3_600_000,
        ..Setup::default()
    }));
    println!("\ndoor {}", door.address);
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// The other process.
struct Apart {
    child: Child,
    address: SocketAddr,
    /// Open to the end: a process that cannot write its output any more may give up.
    _output: BufReader<ChildStdout>,
}

impl Apart {
    /// The door alone.
    fn door() -> Self {
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", DOOR_TEST, "--nocapture"])
            .env(IS_A_DOOR, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts again");
        Self::when_open(child, "door ")
    }

    /// `embargod serve` on `database`, with a GitHub that does not answer.
    fn program(folder: &Path, database: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_embargod");
        let sealing_key = folder.join("sealing.key");
        let made = Command::new(program)
            .args(["seal", "init", "--out"])
            .arg(&sealing_key)
            .stdout(Stdio::null())
            .status()
            .expect("the program starts");
        assert!(made.success(), "a sealing key");
        let private_key = folder.join("app.pem");
        fs::write(&private_key, new_private_key()).expect("a folder of our own");
        let child = Command::new(program)
            .arg("serve")
            .current_dir(folder)
            .env("EMBARGOD_DATABASE", database)
            .env("EMBARGOD_LISTEN", "127.0.0.1:0")
            .env("EMBARGOD_ADMIN_LISTEN", "127.0.0.1:0")
            .env("EMBARGOD_GITHUB_API_BASE", "http://127.0.0.1:1")
            .env("EMBARGOD_GITHUB_APP_ID", "1")
            .env("EMBARGOD_GITHUB_PRIVATE_KEY_PATH", private_key)
            .env("EMBARGOD_GITHUB_WEBHOOK_SECRETS", String::from_utf8_lossy(SECRET).as_ref())
            .env("EMBARGOD_SEALING_KEY_PATH", sealing_key)
            .env("EMBARGOD_LOG", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        Self::when_open(child, "ready listen=")
    }

    /// Waits for the line in which the address follows on `told`.
    fn when_open(mut child: Child, told: &str) -> Self {
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let address = output
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let rest = line.strip_prefix(told)?;
                rest.split_whitespace().next()?.parse().ok()
            })
            .expect("the door tells its address");
        Self { child, address, _output: output }
    }

    /// The most memory that was resident at one time (`VmHWM`, proc_pid_status(5)).
    fn peak_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).expect("the process lives");
        status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().strip_suffix(" kB"))
            .and_then(|kib| kib.parse().ok())
            .expect("Linux tells the peak")
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A private key as GitHub gives one to an App, in PKCS#8.
fn new_private_key() -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der = AsDer::<Pkcs8V1Der>::as_der(&key).expect("PKCS#8");
    let text = BASE64_STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

/// Sends `count` deliveries at once that differ in their GUID alone; all must be answered with `expected`, or 408 where
/// there was no room in time. Sent again until one at least has found room: the machine may have stood still.
async fn at_once(door: SocketAddr, name: &str, count: usize, delivery: &Delivery, expected: u16) {
    let signature = delivery.secret.as_deref().map(|key| sign(key, &delivery.body));
    let unsigned = Delivery { secret: None, body: Vec::new(), ..delivery.clone() };
    // One copy for all of them; only the heads differ.
    let framed = request("POST", "/webhook", &[], &delivery.body, delivery.framing);
    let head_bytes = b"POST /webhook HTTP/1.1\r\n".len();
    let rest: Arc<[u8]> = framed[head_bytes..].into();
    let heads = (0..count).map(|n| {
        let mut headers = Delivery { guid: format!("{name}-{n}"), ..unsigned.clone() }.headers();
        if let Some(signature) = &signature {
            headers.push(("X-Hub-Signature-256".to_owned(), signature.clone().into()));
        }
        let mut head = b"POST /webhook HTTP/1.1\r\n".to_vec();
        for (name, value) in headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(&value);
            head.extend_from_slice(b"\r\n");
        }
        head
    });
    let heads: Vec<Vec<u8>> = heads.collect();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let mut clients = JoinSet::new();
        for head in heads.clone() {
            let rest = Arc::clone(&rest);
            clients.spawn(async move {
                let mut wire = Wire::to(door).await;
                wire.send(&head).await;
                wire.exchange("POST", &rest).await.map(|answer| answer.status)
            });
        }
        let answers = clients.join_all().await;
        statuses = answers.into_iter().map(|status| status.expect("an answer")).collect();
        assert!(statuses.iter().all(|status| [expected, 408].contains(status)), "{name}: {statuses:?}");
        if statuses.contains(&expected) {
            return;
        }
    }
    panic!("{name}: {statuses:?}");
}

fn of_event(event: &str, body: Vec<u8>) -> Delivery {
    Delivery { event: event.to_owned(), ..Delivery::new("").with_body(body) }
}

fn form(body: Vec<u8>) -> Delivery {
    let mut delivery = Delivery::new("").with_body(body);
    delivery.content_type = Some("application/x-www-form-urlencoded".to_owned());
    delivery
}

/// `head`, as many of `filling` as fit into the cap, `tail`.
fn filled(head: &[u8], filling: &[u8], tail: &[u8]) -> Vec<u8> {
    let mut body = head.to_vec();
    while body.len() + filling.len() + tail.len() <= MOST_BYTES {
        body.extend_from_slice(filling);
    }
    body.extend_from_slice(tail);
    body
}

/// An issue in a repository of its own, whose text is as long as fits.
fn large_post(repository: u64) -> Delivery {
    let mut payload = valid_payload();
    payload["repository"]["id"] = repository.into();
    payload["issue"]["body"] = "".into();
    let room = MOST_BYTES - payload.to_string().len();
    payload["issue"]["body"] = "a".repeat(room).into();
    Delivery::new("").with_body(payload.to_string().into_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_peak_of_the_door_leaves_room_for_the_engine() {
    let peak = besieged(&Apart::door()).await;
    assert!(peak < DOOR_KIB, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_peak_of_the_program_stays_within_what_is_promised() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let peak = besieged(&Apart::program(folder.path(), "sqlite:embargod.db")).await;
    assert!(peak < PROMISED_KIB, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_it_stays_within_that_too() {
    let Some(server) = Server::shared() else {
        return;
    };
    let (folder, database) = (tempfile::tempdir().expect("a temporary folder"), server.database());
    let peak = besieged(&Apart::program(folder.path(), &database.url())).await;
    assert!(peak < PROMISED_KIB, "{peak} KiB");
}

/// The peak after all that strangers, and a signer gone mad, can do at one time, in KiB.
async fn besieged(door: &Apart) -> u64 {
    let address = door.address;
    let at_rest = door.peak_kib();

    // some who dawdle over a megabyte that they have nearly sent, and some who dawdle over their heads
    let mut dawdlers = Vec::new();
    for n in 0..25 {
        let delivery = Delivery::new(&format!("dawdler-{n}")).sized(1024 * 1024);
        let mut wire = Wire::to(address).await;
        wire.send(&delivery.head(delivery.body.len())).await;
        wire.send(&delivery.body[..1_000_000]).await;
        dawdlers.push(wire);
    }
    for _ in 0..300 {
        let mut wire = Wire::to(address).await;
        wire.send(b"POST /webhook HTTP/1.1\r\nX-Pad: ").await;
        wire.send(&[b'p'; 16 * 1024]).await;
        dawdlers.push(wire);
    }

    let rounds = vec![
        ("json", Delivery::new("").sized(MOST_BYTES), 202),
        ("chunked", Delivery { framing: Framing::Chunked, ..Delivery::new("").sized(MOST_BYTES) }, 202),
        ("forged", Delivery { secret: Some(b"a guess".to_vec()), ..Delivery::new("").sized(MOST_BYTES) }, 401),
        ("escaped", Delivery::new("").with_body(filled(br#"{"a":""#, br"\u0041", br#""}"#)), 202),
        ("escaped-name", Delivery::new("").with_body(filled(br#"{"\n"#, b"aaaaaaa", br#"":1}"#)), 400),
        ("deep", Delivery::new("").with_body(filled(br#"{"a":"#, b"[", b"]")), 400),
        ("wide", Delivery::new("").with_body(filled(br#"{"repository":["#, b"{},", b"{}]}")), 202),
        (
            "labels",
            Delivery::new("").with_body(filled(br#"{"action":"opened","issue":{"labels":["#, b"{},", b"{}]}}")),
            202,
        ),
        ("paths", of_event("push", filled(br#"{"commits":[{"added":["#, br#""a","#, br#""a"]}]}"#)), 202),
        ("commits", of_event("push", filled(br#"{"commits":["#, b"{},", b"{}]}")), 202),
        ("places", of_event("installation", filled(br#"{"action":"created","repositories":["#, b"{},", b"{}]}")), 202),
        ("form-plain", form(filled(b"payload=%7B%22a%22:%22", b"a", b"%22%7D")), 202),
        ("form-escaped", form(filled(b"payload=%7B%22a%22:%22", b"%61+", b"%22%7D")), 202),
        ("form-no-text", form(filled(b"payload=%7B%22a%22:%22", b"\xff", b"%22%7D")), 400),
        ("form-fields", form(filled(b"", b"a=1&", b"")), 400),
    ];
    for (name, delivery, expected) in rounds {
        at_once(address, name, 4, &delivery, expected).await;
        eprintln!("after {name}: {} KiB", door.peak_kib());
    }
    // one that holds up its lane holds up nobody else's, so that several are decided about at one time
    let posts = [1, 2, 3, 4].map(large_post);
    join_all(posts.iter().zip(["post-1", "post-2", "post-3", "post-4"]).map(async |(post, name)| {
        at_once(address, name, 1, post, 202).await;
    }))
    .await;
    eprintln!("after posts: {} KiB", door.peak_kib());
    let small = Delivery::new("").sized(60_000);
    at_once(address, "small", 150, &small, 202).await;
    let mut clients = JoinSet::new();
    for case in requests() {
        clients.spawn(async move {
            let answer = Wire::to(address).await.exchange(case.method, &wire::hostile(&case)).await;
            answer.expect("an answer").status
        });
        if clients.len() >= 100 {
            let status = clients.join_next().await.expect("a client").expect("no panic");
            assert!(status < 500);
        }
    }
    while let Some(status) = clients.join_next().await {
        assert!(status.expect("no panic") < 500);
    }

    let peak = door.peak_kib();
    eprintln!("a door at rest: {at_rest} KiB; at its worst: {peak} KiB");
    let large_kib = MOST_BYTES as u64 / 1024;
    assert!(peak > at_rest + large_kib, "nothing large was held");
    peak
}
