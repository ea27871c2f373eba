//! The cluster answers, and goes away.

use std::net::TcpStream;

use imprint_test_support::PostgresCluster;

#[test]
fn databases_are_made_and_the_server_ends_with_its_owner() {
    let cluster = PostgresCluster::start().unwrap();
    let (first, second) = (cluster.create_database().unwrap(), cluster.create_database().unwrap());
    assert_ne!(first, second);
    let address = first.trim_start_matches("postgres://imprint@").split('/').next().unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    drop(cluster);
    assert!(TcpStream::connect(&address).is_err());
}
