//! One process takes deliveries in, another decides and performs: what each role has and has not.

use embargod::settings::Role;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::kit::{RAE, REPO, World};

async fn status_of(address: std::net::SocketAddr, path: &str) -> String {
    let mut connection = TcpStream::connect(address).await.expect("the door is open");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_worker_without_a_public_door_does_what_a_receiver_took_in() {
    let mut world = World::new().await;
    let receiver = world.serve(Role::Receiver).await;
    let listen = receiver.listen.expect("a public door");
    world.github.set_hook_url(&format!("http://{listen}/webhook"));
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.deliveries_idle().await;
    assert_eq!(world.thread(number).body(), body, "a receiver decides nothing");

    let worker = world.serve(Role::Worker).await;
    assert!(worker.listen.is_none());
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(status_of(worker.admin_listen, path).await, "HTTP/1.1 200 OK", "{path}");
    }
    world.until(|| world.thread(number).locked).await;
    worker.stop().await;
    receiver.stop().await;
    world.restart().await;
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    world.finish().await;
}
