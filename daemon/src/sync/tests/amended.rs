//! What is published is what would be if everybody were put together anew, whether or not that was done.

use muster_common::local::LocalFiles;
use muster_common::snapshot::content::{Content, UserRecord};
use muster_common::wire::publish::Offer::{self, Amendment, Whole};

use super::*;
use crate::assemble::assemble;
use crate::fixture::Root;

const RULES: &str = r#"
[access]
allow = ["group:linux-users"]
[[restricted]]
groups = ["group:leaf"]
shell = "/bin/rleaf"
"#;

/// A host whose snapshots root's own publisher admits and writes.
struct Admitting {
    host: Host,
    root: Root,
}

impl Admitting {
    fn new(repeats: usize) -> Self {
        let mut host = Host::under(RULES, repeats);
        let root = host.world.publish_by_root(&format!("{CONFIG}{RULES}"));
        Self { host, root }
    }

    /// What is served now, and what would be if everybody were handed over.
    async fn served_and_due(&self) -> (Content, Content) {
        let broker = &self.host.world.broker;
        let publication = publish_now(broker).await;
        assert_eq!(publication.error, None);
        let served = broker.snapshot().unwrap().content().unwrap();
        let local = LocalFiles::read(&broker.places.host).unwrap();
        let now = broker.clock.now();
        let assembly = assemble(&broker.store, &broker.config, &local, now).unwrap();
        let (due, _) = broker.config.policy(local).admit(assembly.content, now);
        (served, due)
    }

    /// Publishes, and says what was handed over and taken.
    async fn publish(&self) -> Vec<Offer> {
        let (served, due) = self.served_and_due().await;
        assert_eq!(served, due);
        self.root.taken()
    }

    fn user(&self, nth: usize) -> UserRecord {
        let content = self.host.world.broker.snapshot().unwrap().content();
        content.unwrap().users.swap_remove(nth)
    }

    async fn follow(&mut self, happenings: &[Happening]) -> Vec<Offer> {
        for happening in happenings {
            self.host.company.happen(happening);
        }
        self.host.follow().await.unwrap();
        self.publish().await
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn however_it_was_published_a_snapshot_is_what_the_store_says(
        happenings in proptest::collection::vec(happening(), 1..60),
        repeats in prop_oneof![Just(0usize), Just(5)],
    ) {
        run(async {
            let mut admitting = Admitting::new(repeats);
            admitting.host.whole(Shrink::Accept).await.unwrap();
            admitting.publish().await;
            for happening in &happenings {
                match happening {
                    Happening::Follow => admitting.host.sync().await,
                    Happening::Whole => _ = admitting.host.whole(Shrink::Accept).await.unwrap(),
                    happening => {
                        admitting.host.company.happen(happening);
                        // Most of what happens is looked at by itself.
                        admitting.host.sync().await;
                    }
                }
                admitting.publish().await;
            }
        });
    }
}

#[tokio::test]
async fn who_stays_the_same_person_is_handed_over_alone() {
    let mut company = Admitting::new(1000);
    for happening in [
        Happening::Join(0),
        Happening::Join(1),
        Happening::Found(3),
        Happening::Found(4),
    ] {
        company.host.company.happen(&happening);
    }
    company.host.whole(Shrink::Hold).await.unwrap();
    assert_eq!(company.publish().await, [Whole]);
    // Ids were given and written down then: that is done once more.
    company.host.whole(Shrink::Hold).await.unwrap();
    assert_eq!(company.publish().await, [Whole]);

    let enters = [Happening::Enter(0, 4)];
    assert_eq!(company.follow(&enters).await, [Amendment]);
    assert_eq!(company.user(0).access.allowed & 1, 1);
    let reshell = [Happening::Reshell(0), Happening::Reshell(1)];
    assert_eq!(company.follow(&reshell).await, [Amendment]);
    // Into a group whose people have another shell, and out of it again.
    let restricted = [Happening::Enter(1, 3), Happening::Quit(0, 4)];
    assert_eq!(company.follow(&restricted).await, [Amendment]);
    assert_eq!(company.user(1).account.shell, "/bin/rleaf");
    let free = [Happening::Quit(1, 3)];
    assert_eq!(company.follow(&free).await, [Amendment]);

    assert_eq!(company.follow(&[Happening::Join(2)]).await, [Whole]);
    assert_eq!(company.follow(&[Happening::Rename(2, 3)]).await, [Whole]);
}

#[tokio::test]
async fn everybody_is_put_together_when_the_host_or_the_hour_is_another_or_somebody_was_reported() {
    let mut company = Admitting::new(1000);
    company.host.company.happen(&Happening::Join(0));
    company.host.whole(Shrink::Hold).await.unwrap();
    company.publish().await;
    company.host.whole(Shrink::Hold).await.unwrap();
    company.publish().await;
    let again = [Happening::Reshell(0)];
    assert_eq!(company.follow(&again).await, [Amendment]);

    let shells = company.host.world.broker.places.host.join("etc/shells");
    let text = std::fs::read_to_string(&shells).unwrap();
    std::fs::write(&shells, text + "/bin/new\n").unwrap();
    assert_eq!(company.follow(&again).await, [Whole]);
    assert_eq!(company.follow(&again).await, [Amendment]);

    company.host.world.clock.advance(Duration::from_secs(3600));
    assert_eq!(company.follow(&again).await, [Whole]);
    assert_eq!(company.follow(&again).await, [Amendment]);

    company.host.world.clock.set(crate::fixture::NOW);
    assert_eq!(company.follow(&again).await, [Whole], "the clock went back");
    assert_eq!(company.follow(&again).await, [Amendment]);

    // From the eighth on the host does not have the shell, which is reported, until it has it again.
    for _ in 0..2 {
        company.follow(&again).await;
    }
    assert_eq!(company.follow(&again).await, [Whole]);
    let problems = company.host.world.broker.publisher.last().problems;
    assert!(
        problems[0].contains("user ada: the service's shell"),
        "{problems:?}"
    );
    company
        .host
        .company
        .state
        .lock()
        .unwrap()
        .people
        .get_mut("Ada")
        .unwrap()
        .shell = 0;
    assert_eq!(company.follow(&again).await, [Whole]);
    assert_eq!(
        *company.host.world.broker.publisher.last().problems,
        [""; 0]
    );
    assert_eq!(company.follow(&again).await, [Amendment]);
}

#[tokio::test]
async fn a_publisher_that_needs_everybody_gets_everybody() {
    let mut company = Admitting::new(1000);
    company.host.company.happen(&Happening::Join(0));
    for _ in 0..2 {
        company.host.whole(Shrink::Hold).await.unwrap();
        company.publish().await;
    }
    let again = [Happening::Reshell(0)];
    assert_eq!(company.follow(&again).await, [Amendment]);
    company.root.restart();
    assert_eq!(company.follow(&again).await, [Whole]);
    assert_eq!(company.follow(&again).await, [Amendment]);
}
